import type { SerialPort } from "./serial-port";

/** The result of a command inside the VM. */
export interface CommandResult {
    readonly exitCode: number;
    readonly stdout: string;
    readonly stderr: string;
}

/** A VM, as its hypervisor sees it. */
export interface Guest {
    readonly serial: SerialPort;
    /** Powers the VM on with this user-data. Returns while its programs continue to run. */
    boot(userData: string): Promise<void>;
    /** Presses the ACPI power button, which begins an orderly shutdown without a time limit. */
    pressPowerButton(): void;
    /** Kills everything immediately; `onPoweredOff` is not called. */
    cutPower(): Promise<void>;
    /** Cuts the power and removes everything that the VM has outside its folder. Called when the emulator stops. */
    release(): Promise<void>;
    /** Deletes the VM along with its files and containers. */
    remove(): Promise<void>;
    /** Runs an emulated `systemctl` inside a VM without systemd. */
    systemctl(args: readonly string[]): Promise<CommandResult>;
}
