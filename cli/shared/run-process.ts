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
 * @param options.onSilence called with the output so far each time that the process has printed nothing for `silenceMs`
 */
export function runProcess(
    command: string,
    args: readonly string[],
    {
        onSilence,
        silenceMs = 5 * 60_000,
        ...options
    }: {
        cwd?: string;
        env?: NodeJS.ProcessEnv;
        signal?: AbortSignal;
        onSilence?: ((output: string) => void) | undefined;
        silenceMs?: number;
    } = {},
): Promise<ProcessResult> {
    return new Promise((resolve) => {
        const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
        const silence = onSilence && setInterval(() => onSilence(output), silenceMs);
        let stdout = "";
        let output = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
            stdout += text;
            output += text;
            silence?.refresh();
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
            output += text;
            silence?.refresh();
        });
        child.on("error", (error) => {
            clearInterval(silence);
            resolve({ exitCode: 127, stdout, output: `${output}${error.message}` });
        });
        child.on("close", (code) => {
            clearInterval(silence);
            resolve({ exitCode: code ?? 1, stdout, output });
        });
    });
}
