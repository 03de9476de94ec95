/** The VM that a service runs on. */
export interface ServiceHost {
    /** Environment for every process: PATH (shims first) and the variables that identify the VM. */
    readonly env: Readonly<Record<string, string>>;
    /** Working directory, which is the root of the VM's disk. */
    readonly root: string;
    /** Translates an absolute path inside the VM to its path on the host. */
    toHostPath(path: string): string;
    /** Paths that exist only inside the VM: the files from user-data and their folders. */
    readonly ownPaths: ReadonlySet<string>;
    /** Resolves a program name or path to the file to execute. */
    resolveProgram(program: string): string;
    /** Logs one line of output; `console` also sends it to the serial port. */
    log(source: string, line: string, console: boolean): void;
}

/** The values of `$SERVICE_RESULT` that occur in the emulator. */
export type ServiceResult = "success" | "exit-code" | "signal" | "timeout";
