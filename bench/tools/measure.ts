import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { PEERS, PYTHON, WORK } from "../paths";

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

/** A command as a whole process. */
export interface Measurement {
    /** From its start to its end. */
    readonly seconds: number;
    /** The largest resident set of the process, or of one of its children. */
    readonly peakBytes: number;
    /** User and system time of all its threads. */
    readonly cpuSeconds: number;
    /** What it printed. */
    readonly output: string;
}

/** Runs a command to its end. @throws Error with its output when it fails */
export async function measure(command: Command): Promise<Measurement> {
    const log = path.join(WORK, "measured.log");
    const { exitCode, ...measured } = await runForJson<Omit<Measurement, "output"> & { exitCode: number }>({
        ...command,
        program: PYTHON,
        args: ["-I", "-S", path.join(PEERS, "measure.py"), log, command.program, ...command.args],
    });
    const output = await readFile(log, "utf8");
    if (exitCode !== 0) {
        throw new Error(
            `${[command.program, ...command.args].join(" ")} ended with ${exitCode}:\n${output.slice(-4000)}`,
        );
    }
    return { ...measured, output };
}

/**
 * Measures several peers in turn, so that what slows the machine for a while slows all of them: first, second, first,
 * second ... Gives the measurements of each peer.
 */
export async function alternate<P extends string, T>(
    peers: readonly P[],
    repeats: number,
    measure: (peer: P) => Promise<T>,
): Promise<Record<P, T[]>> {
    const results = Object.fromEntries(peers.map((peer) => [peer, [] as T[]])) as Record<P, T[]>;
    for (let repeat = 0; repeat < repeats; repeat++) {
        for (const peer of peers) {
            results[peer].push(await measure(peer));
        }
    }
    return results;
}
