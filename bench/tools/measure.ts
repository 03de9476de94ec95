import { readFile } from "node:fs/promises";
import path from "node:path";
import { PEERS, PYTHON, WORK } from "../paths";
import { type Command, runForJson } from "./command";

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
