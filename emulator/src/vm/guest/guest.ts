import type { SerialPort } from "./serial-port";

/** The result of a command inside the VM. */
export interface CommandResult {
    readonly exitCode: number;
    readonly stdout: string;
    readonly stderr: string;
}

/** Name of a program's output stream. */
export type OutputStream = "stdout" | "stderr";

/** A script that a VM runs in addition to what its user-data starts. */
export interface GuestScript {
    /** The script itself, which begins with a shebang line unless it is for sh. */
    readonly text: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly onLine: (line: string, stream: OutputStream) => void;
}

/** A script that runs in a VM. */
export interface RunningScript {
    /**
     * The exit code, or 128 plus the signal number if the script was killed; undefined if the VM lost power first.
     */
    readonly exit: Promise<number | undefined>;
    /** Kills the script and everything that it started. */
    kill(): void;
}

/** A VM, as its hypervisor sees it. */
export interface Guest {
    readonly serial: SerialPort;
    /** Powers on the VM with this user-data. Does not wait for the VM's programs to end. */
    boot(userData: string): Promise<void>;
    /** Presses the ACPI power button, which begins an orderly shutdown without a time limit. */
    pressPowerButton(): void;
    /** Kills everything immediately; `onPoweredOff` is not called. */
    cutPower(): Promise<void>;
    /** Cuts the power and removes everything that the VM keeps outside its folder. Called when the emulator stops. */
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
