import type { SerialPort } from "./serial-port";

/** The result of a command inside the VM. */
export interface CommandResult {
    readonly exitCode: number;
    readonly stdout: string;
    readonly stderr: string;
}

/** The output stream of a program. */
export type OutputStream = "stdout" | "stderr";

/** A script for a VM, to run in addition to what its user-data starts. */
export interface GuestScript {
    /** The text, with a shebang line unless it is for sh. */
    readonly text: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly onLine: (line: string, stream: OutputStream) => void;
}

/** A script that runs in a VM. */
export interface RunningScript {
    /**
     * The exit code, or 128 plus the signal's number for a killed script; undefined if the VM lost power before the
     * end.
     */
    readonly exit: Promise<number | undefined>;
    /** Kills the script and everything that it started. */
    kill(): void;
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
    /**
     * Runs a script as root, once the VM can run programs.
     * @throws Error if the VM loses power before the script has started
     */
    runScript(script: GuestScript): Promise<RunningScript>;
    /** Runs an emulated `systemctl` inside a VM without systemd. */
    systemctl(args: readonly string[]): Promise<CommandResult>;
}
