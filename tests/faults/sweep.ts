import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { TrialResult } from "./trial";

/** A named trial. */
export interface Trial {
    readonly rule: string;
    readonly run: () => Promise<TrialResult>;
}

/** Options of a sweep. */
export interface SweepOptions {
    /** JSON Lines file to which results are appended. Trials whose result it already contains are not run again. */
    readonly file: string;
    /** Number of trials that run at the same time. */
    readonly workers: number;
    /** Called after each trial. */
    readonly onResult: (result: TrialResult, done: number, total: number) => void;
    /** No trial starts after this time, in milliseconds since the epoch. */
    readonly until?: number;
}

/** Runs trials in order and appends each result to a file, so that an interrupted sweep can resume. */
export async function sweep(trials: readonly Trial[], options: SweepOptions): Promise<TrialResult[]> {
    mkdirSync(path.dirname(options.file), { recursive: true });
    const known = new Map(readResults(options.file).map((result) => [result.rule, result]));
    const open = trials.filter(({ rule }) => !known.has(rule));
    let next = 0;
    const work = async () => {
        for (let trial = open[next]; trial !== undefined && Date.now() < (options.until ?? Infinity); ) {
            next += 1;
            const result = await trial.run();
            known.set(result.rule, result);
            appendFileSync(options.file, `${JSON.stringify(result)}\n`);
            options.onResult(result, known.size, trials.length);
            trial = open[next];
        }
    };
    await Promise.all(Array.from({ length: options.workers }, work));
    return trials.flatMap(({ rule }) => known.get(rule) ?? []);
}

/** Reads the results of earlier sweeps, omitting a last line that was cut off by a kill. */
export function readResults(file: string): TrialResult[] {
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    return lines.flatMap((line) => {
        try {
            return [JSON.parse(line) as TrialResult];
        } catch {
            return [];
        }
    });
}
