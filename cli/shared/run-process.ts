import { spawn } from "node:child_process";

/** Output and exit code of a process. */
export interface ProcessResult {
    exitCode: number;
    stdout: string;
    /** Standard output and standard error, in the order in which they arrived. */
    output: string;
}

/**
 * Runs a command without a shell and collects its output. As in a shell, the exit code is 127 if the command cannot be
 * started.
 *
 * @param options.signal kills the process when aborted
 */
export function runProcess(
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
): Promise<ProcessResult> {
    return new Promise((resolve) => {
        const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
        let stdout = "";
        let output = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
            stdout += text;
            output += text;
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
            output += text;
        });
        child.on("error", (error) => resolve({ exitCode: 127, stdout, output: `${output}${error.message}` }));
        child.on("close", (code) => resolve({ exitCode: code ?? 1, stdout, output }));
    });
}
