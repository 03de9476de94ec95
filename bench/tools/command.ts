import { spawn } from "node:child_process";

/** What to run. */
export interface Command {
    readonly program: string;
    readonly args: readonly string[];
    /** Added to this process's environment. */
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
}

/** A command that takes longer hangs, and is ended. The longest takes five minutes where two processors have nothing else to do. */
const LONGEST_MS = 30 * 60_000;

/** What a command printed, as text. Its error output is part of the error's message. */
export async function run({ program, args, env, cwd }: Command): Promise<string> {
    const child = spawn(program, args, {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...env },
        timeout: LONGEST_MS,
        ...(cwd === undefined ? {} : { cwd }),
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    const ending = await new Promise<number | string>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code, signal) => resolve(code ?? signal ?? "no exit code"));
    });
    if (ending !== 0) {
        const said = Buffer.concat([...output, ...errors])
            .toString("utf8")
            .trimEnd()
            .slice(-4000);
        throw new Error(`${[program, ...args].join(" ")} ended with ${ending}:\n${said}`);
    }
    return Buffer.concat(output).toString("utf8");
}

/** Runs a command whose last line of output is JSON, and gives that. */
export async function runForJson<T>(command: Command): Promise<T> {
    const output = await run(command);
    const line = output.trimEnd().split("\n").at(-1) ?? "";
    try {
        return JSON.parse(line) as T;
    } catch (cause) {
        throw new Error(`${command.program} ${command.args.join(" ")} must end with a line of JSON; got ${line}`, {
            cause,
        });
    }
}
