import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { PEERS, PYTHON, WORK } from "../paths";

export interface Command {
    readonly program: string;
    readonly args: readonly string[];
    /** Variables added to the environment of this process. */
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
}

/** A command that takes longer is considered stuck and is stopped. The slowest is the one of section learners. */
const LONGEST_MS = 60 * 60_000;

/** Runs a command and returns its output. If it fails, the error message includes the error output. */
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

/** Runs a command and parses the last line of its output as JSON. */
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

/** Measurement of a whole process. */
export interface Measurement {
    /** Time from start to exit. */
    readonly seconds: number;
    /** Largest resident set size of the process or any of its children. */
    readonly peakBytes: number;
    /** User and system time of all threads. */
    readonly cpuSeconds: number;
    /** Everything that the command printed to standard output. */
    readonly output: string;
}

/**
 * Measures a command.
 * @throws {Error} with the command's output if it fails
 */
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
 * Measures the contenders alternately, so that a temporary slowdown of the machine affects all of them. Returns the
 * measurements by contender.
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
