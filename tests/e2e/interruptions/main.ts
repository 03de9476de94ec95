import { appendFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { readResults } from "../../faults/sweep";
import type { TrialResult } from "../../faults/trial";
import { Moments } from "./bench";
import { PHASES } from "./phases";

const USAGE = `npm run interruptions interrupts \`pulumi up\` and \`pulumi destroy\` at every resource, does what the README says, and
judges whether the stack works and \`pulumi destroy\` leaves nothing behind. It needs the Pulumi CLI and its providers.

Usage: npm run interruptions -- [options]

  --phase NAME   one of ${Object.keys(PHASES).join(", ")}; default: all, in this order
  --only REGEX   interrupts only at resources (or types) whose name matches
  --minutes M    starts no trial after M minutes
  --folder DIR   saved states and results; default .interruptions
  --help         this text

Results are appended to results.jsonl in the folder, one JSON line each. Trials whose result it has are not run again.
Exit status 1 if a stack needed more than the README says.`;

/** Runs trials in order, and records each result. */
export class Recorder {
    /** Matches the names of the resources at which commands are interrupted. */
    readonly only: string;
    readonly #file: string;
    readonly #until: number;

    constructor(file: string, until: number, only: string) {
        this.#file = file;
        this.#until = until;
        this.only = only;
    }

    get isOver(): boolean {
        return Date.now() > this.#until;
    }

    /** The rules of the trials that already have a result. */
    get known(): Set<string> {
        return new Set(readResults(this.#file).map(({ rule }) => rule));
    }

    async run(rule: string, trial: () => Promise<Omit<TrialResult, "rule">>): Promise<void> {
        if (this.isOver || this.known.has(rule)) {
            return;
        }
        const result: TrialResult = { rule, ...(await trial()) };
        appendFileSync(this.#file, `${JSON.stringify(result)}\n`);
        console.log(`${result.outcome.padEnd(8)}  ${String(result.seconds).padStart(4)} s  ${rule}`);
        if (result.detail !== undefined) {
            console.log(`    ${result.detail.split("\n").slice(-40).join("\n    ")}`);
        }
    }
}

async function main(): Promise<number> {
    const { values } = parseArgs({
        options: {
            phase: { type: "string" },
            only: { type: "string", default: "" },
            minutes: { type: "string", default: "100000" },
            folder: { type: "string", default: path.resolve(__dirname, "../../../.interruptions") },
            help: { type: "boolean" },
        },
    });
    if (values.help) {
        console.log(USAGE);
        return 0;
    }
    const names = values.phase === undefined ? Object.keys(PHASES) : [values.phase];
    const unknown = names.find((name) => !(name in PHASES));
    if (unknown !== undefined) {
        throw new Error(`--phase must be one of ${Object.keys(PHASES).join(", ")}; got "${unknown}"`);
    }
    const folder = path.resolve(values.folder);
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, "results.jsonl");
    const recorder = new Recorder(file, Date.now() + Number(values.minutes) * 60_000, values.only);
    for (const name of names) {
        await PHASES[name]?.(new Moments(folder), recorder);
    }
    const results = readResults(file);
    const lost = results.filter(({ outcome }) => outcome !== "survived");
    console.log(`\n${results.length} trials, ${results.length - lost.length} repaired, ${lost.length} not`);
    return lost.length === 0 ? 0 : 1;
}

if (require.main === module) {
    main().then(
        (status) => {
            process.exitCode = status;
        },
        (error: Error) => {
            console.error(error);
            process.exitCode = 1;
        },
    );
}
