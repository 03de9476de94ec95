import type { SerialPort } from "./serial-port";

/** The result of a command inside the VM. */
export interface CommandResult {
    readonly exitCode: number;
    readonly stdout: string;
    readonly stderr: string;
}

/** A VM as seen by its hypervisor. */
export interface Guest {
    readonly serial: SerialPort;
    /** Switches the VM on with this user-data. Returns while its programs run on. */
    boot(userData: string): Promise<void>;
    /** The ACPI power button: begins an orderly shutdown without a time limit. */
    pressPowerButton(): void;
    /** Kills everything at once; `onPoweredOff` is not called. */
    cutPower(): Promise<void>;
    /** Cuts the power and leaves nothing outside the VM's folder. Called when the emulator ends. */
    release(): Promise<void>;
    /** Deletes the VM with its files and containers. */
    remove(): Promise<void>;
    /** Runs `systemctl` inside a VM that has no systemd. */
    systemctl(args: readonly string[]): Promise<CommandResult>;
}
