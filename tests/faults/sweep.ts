import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { TrialResult } from "./trial";

/** A named trial. */
export interface Trial {
    readonly rule: string;
    readonly run: () => Promise<TrialResult>;
}

/** Settings for sharing a run between trials. A single fault takes much less time than a run. */
export interface Sharing {
    /** Maximum number of trials in a run. */
    readonly size: number;
    /** Trials for which this returns the same place never share a run. */
    readonly placeOf: (rule: string) => string;
    readonly run: (rules: readonly string[]) => Promise<TrialResult>;
}

/** Options for a sweep. */
export interface SweepOptions {
    /** JSON Lines file to which results are appended. Trials whose result it already contains are not run again. */
    readonly file: string;
    /** Number of trials that run at the same time. */
    readonly workers: number;
    /** Called after each trial. */
    readonly onResult: (result: TrialResult, done: number, total: number) => void;
    /** Called after each shared run that is split. */
    readonly onSplit?: (result: TrialResult) => void;
    /** Default: each trial has its own run. */
    readonly sharing?: Sharing;
    /** No trial starts after this time, in milliseconds since the epoch. */
    readonly until?: number;
}

/**
 * Runs trials in order and appends each result to a file, so that an interrupted sweep can resume. A fault that did not
 * occur in a shared run because of the others is tried again without them. If a shared run does not survive, its trials
 * are split between two runs, and so on, until each trial that fails has been run alone.
 */
export async function sweep(trials: readonly Trial[], options: SweepOptions): Promise<TrialResult[]> {
    mkdirSync(path.dirname(options.file), { recursive: true });
    const known = new Map(readResults(options.file).map((result) => [result.rule, result]));
    const open = trials.filter(({ rule }) => !known.has(rule));
    const groups = options.sharing === undefined ? open.map((trial) => [trial]) : groupsOf(open, options.sharing);
    const isOver = () => Date.now() >= (options.until ?? Infinity);
    const add = (result: TrialResult) => {
        known.set(result.rule, result);
        appendFileSync(options.file, `${JSON.stringify(result)}\n`);
        options.onResult(result, known.size, trials.length);
    };
    let next = 0;
    const work = async () => {
        for (let group = groups[next]; group !== undefined && !isOver(); group = groups[next]) {
            next += 1;
            await tryGroup(group);
        }
    };
    const tryGroup = async (group: readonly Trial[]): Promise<void> => {
        const [first, ...others] = group;
        if (first === undefined || isOver()) {
            return;
        }
        if (others.length === 0) {
            add(await first.run());
            return;
        }
        const rules = group.map(({ rule }) => rule);
        const shared = await options.sharing?.run(rules);
        const missed = shared?.missed ?? [];
        if (shared !== undefined && (shared.outcome === "survived" || missed.length > 0)) {
            for (const rule of rules.filter((one) => !missed.includes(one))) {
                add({ rule, seconds: shared.seconds, outcome: "survived", together: rules.length });
            }
            await tryGroup(group.filter(({ rule }) => missed.includes(rule)));
            return;
        }
        if (shared !== undefined) {
            options.onSplit?.(shared);
        }
        // Repeated halving finds a single failing trial in fewer runs than one per trial.
        const half = Math.ceil(group.length / 2);
        await tryGroup(group.slice(0, half));
        await tryGroup(group.slice(half));
    };
    await Promise.all(Array.from({ length: options.workers }, work));
    return trials.flatMap(({ rule }) => known.get(rule) ?? []);
}

/** Puts each trial into the first group that has room and no trial at the same place. */
function groupsOf(trials: readonly Trial[], { size, placeOf }: Sharing): Trial[][] {
    const groups: Trial[][] = [];
    for (const trial of trials) {
        const place = placeOf(trial.rule);
        const group = groups.find((one) => one.length < size && !one.some(({ rule }) => placeOf(rule) === place));
        if (group === undefined) {
            groups.push([trial]);
        } else {
            group.push(trial);
        }
    }
    return groups;
}

/** Reads the results from earlier sweeps, omitting a last line that was cut off by a kill. */
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
