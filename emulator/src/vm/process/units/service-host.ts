/** The VM that a service runs on. */
export interface ServiceHost {
    /** Environment of every process: PATH (shims first) and the variables that locate the VM. */
    readonly env: Readonly<Record<string, string>>;
    /** Working directory: the root of the VM's disk. */
    readonly root: string;
    /** Translates an absolute path inside the VM to its path on the host. */
    toHostPath(path: string): string;
    /** Paths that exist only inside the VM: the files from user-data, and their folders. */
    readonly ownPaths: ReadonlySet<string>;
    /** The file to execute for a program name or path. */
    resolveProgram(program: string): string;
    /** One line of output; `console` also sends it to the serial port. */
    log(source: string, line: string, console: boolean): void;
}

/** The values of `$SERVICE_RESULT` that a service can reach here. */
export type ServiceResult = "success" | "exit-code" | "signal" | "timeout";
