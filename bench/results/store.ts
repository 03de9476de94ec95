import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { SECTION_NAMES } from "../arguments";
import { PROJECT, WORK } from "../paths";
import { renderResults } from "./markdown";
import type { SectionRun } from "./types";

/** Where results go: those of a quick run never into the file that is kept. */
export interface ResultStore {
    readonly file: string;
    readonly folder: string;
}

export function storeFor(quick: boolean): ResultStore {
    return quick
        ? { file: path.join(WORK, "quick/results.md"), folder: path.join(WORK, "quick") }
        : { file: path.join(PROJECT, "bench/results.md"), folder: path.join(WORK, "results") };
}

/** Forgets earlier runs: a whole bench begins with nothing. */
export async function forgetResults({ folder }: ResultStore): Promise<void> {
    await rm(folder, { recursive: true, force: true });
}

/**
 * Keeps a section's run, and writes the results anew: this one with those of the other sections' last runs, each of which
 * tells its own command and time.
 */
export async function keepResult(store: ResultStore, machine: readonly string[], run: SectionRun): Promise<void> {
    await mkdir(store.folder, { recursive: true });
    await writeFile(path.join(store.folder, `${run.name}.json`), JSON.stringify(run));
    const runs: SectionRun[] = [];
    for (const name of SECTION_NAMES) {
        const text = await readFile(path.join(store.folder, `${name}.json`), "utf8").catch(() => undefined);
        if (text !== undefined) {
            runs.push(JSON.parse(text) as SectionRun);
        }
    }
    await writeFile(store.file, renderResults(machine, runs));
}
