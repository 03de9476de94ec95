import path from "node:path";
import { parseArgs } from "node:util";
import { providerTexts } from "../run/provider-texts";
import { KILLS, runKill, titleOf } from "./kills";
import { classOfTrial, kindOf, placeOf, rulesFor, sample } from "./rules";
import { nameOf, recordStart, runStartTrial } from "./start-trial";
import { sweep, type Trial } from "./sweep";
import { BROKEN, recordReference, runTrial, type TrialResult } from "./trial";

const USAGE = `npm run faults breaks one request of a whole run at a time, in every way and at every request, and judges how the run ends.

Usage: npm run faults -- [options]

  --kills        kills each process at several moments instead, with SIGKILL, SIGTERM and SIGINT
  --start        breaks the requests of \`npm start\` instead, those that create and delete resources among them
  --sample N     only N trials, every kind of fault among them
  --seed S       chooses the sample; default 1
  --rule RULE    only this trial; can be given several times
  --together N   at most N faults of different requests share a run; if it does not survive, it is repeated with each
                 half of them, and so on; default 6; 1 for a run per fault
  --from K       starts with the K-th trial
  --minutes M    starts no trial after M minutes
  --workers W    trials at the same time; default 2
  --file FILE    results, one JSON line each; default .faults/sweep.jsonl
                 trials whose result it has are not run again
  --help         this text

Exit status 1 if a trial was lost, hung, falsely successful, or failed without an explanation.`;

async function main(): Promise<number> {
    const { values } = parseArgs({
        options: {
            kills: { type: "boolean", default: false },
            start: { type: "boolean", default: false },
            sample: { type: "string" },
            seed: { type: "string", default: "1" },
            rule: { type: "string", multiple: true },
            together: { type: "string" },
            from: { type: "string", default: "1" },
            minutes: { type: "string" },
            workers: { type: "string", default: "2" },
            file: { type: "string", default: path.resolve(__dirname, "../../.faults/sweep.jsonl") },
            help: { type: "boolean" },
        },
    });
    if (values.help) {
        console.log(USAGE);
        return 0;
    }
    const { trials, runTogether } = await (values.kills
        ? killTrials()
        : values.start
          ? startTrials()
          : requestTrials());
    const wanted =
        values.rule ??
        sample(
            trials.map(({ rule }) => rule),
            numberOf(values.sample, trials.length),
            numberOf(values.seed),
        );
    const chosen = wanted
        .flatMap((rule) => trials.filter((trial) => trial.rule === rule))
        .slice(numberOf(values.from) - 1);
    const results = await sweep(chosen, {
        file: values.file,
        workers: numberOf(values.workers),
        ...(runTogether && { sharing: { size: numberOf(values.together, 6), placeOf, run: runTogether } }),
        ...(values.minutes === undefined ? {} : { until: Date.now() + numberOf(values.minutes) * 60_000 }),
        onResult: (result, done, total) => print(`${done}/${total}`, result),
        onSplit: (result) => print("split", result),
    });
    const classes = (rules: readonly string[]) => new Set(rules.map(classOfTrial)).size;
    console.log(`\n${summary(results)}`);
    console.log(
        `\n${results.length} of ${chosen.length} trials, ` +
            `${classes(results.map(({ rule }) => rule))} of ${classes(chosen.map(({ rule }) => rule))} classes of trials`,
    );
    return results.some(({ outcome }) => BROKEN.includes(outcome)) ? 1 : 0;
}

function print(title: string, { outcome, rule, seconds, detail }: TrialResult): void {
    console.log(`${title}  ${outcome.padEnd(14)}  ${seconds} s  ${rule}`);
    if (detail !== undefined && outcome !== "survived") {
        console.log(`    ${detail.split("\n").slice(0, 12).join("\n    ")}`);
    }
}

interface Trials {
    readonly trials: readonly Trial[];
    /** Tries several faults in one run; undefined if each trial needs its own run. */
    readonly runTogether?: (rules: readonly string[]) => Promise<TrialResult>;
}

/** Returns a trial for each fault at each request in a run, which is recorded first. */
async function requestTrials(): Promise<Trials> {
    const texts = await providerTexts();
    const reference = await recordReference(texts);
    const runTogether = (rules: readonly string[]) => runTrial(texts, reference, ...rules);
    return {
        trials: rulesFor(reference.requests).map((rule) => ({ rule, run: () => runTogether([rule]) })),
        runTogether,
    };
}

/** Returns a trial for each fault at each request in `npm start`. */
async function startTrials(): Promise<Trials> {
    const reference = await recordStart();
    const trials = rulesFor(reference.requests).map((rule) => ({
        rule: nameOf(rule),
        run: () => runStartTrial(reference, rule),
    }));
    const runTogether = (rules: readonly string[]) =>
        runStartTrial(reference, ...rules.map((rule) => rule.slice(nameOf("").length)));
    return { trials, runTogether };
}

/** Returns a trial for each kill. */
async function killTrials(): Promise<Trials> {
    const texts = await providerTexts();
    const reference = await recordReference(texts);
    return { trials: KILLS.map((kill) => ({ rule: titleOf(kill), run: () => runKill({ texts, reference }, kill) })) };
}

/** Renders a Markdown table with the outcomes by kind of fault. */
function summary(results: readonly TrialResult[]): string {
    const outcomes = ["survived", "failed clearly", "not hit", ...BROKEN] as const;
    const kinds = [...new Set(results.map(({ rule }) => kindOf(rule)))].sort();
    const row = (title: string, some: readonly TrialResult[]) => {
        const counts = outcomes.map((outcome) => some.filter((result) => result.outcome === outcome).length);
        return `| ${[title, some.length, ...counts].join(" | ")} |`;
    };
    return [
        `| kind | trials | ${outcomes.join(" | ")} |`,
        `|---|${"---|".repeat(outcomes.length + 1)}`,
        ...kinds.map((kind) =>
            row(
                kind,
                results.filter(({ rule }) => kindOf(rule) === kind),
            ),
        ),
        row("all", results),
    ].join("\n");
}

function numberOf(text: string | undefined, otherwise = 1): number {
    const value = text === undefined ? otherwise : Number(text);
    if (!Number.isSafeInteger(value) || value < 1) {
        throw new Error(`an option must be a positive whole number; got "${text}" (npm run faults -- --help)`);
    }
    return value;
}

main().then(
    (status) => {
        process.exitCode = status;
    },
    (error: Error) => {
        console.error(error);
        process.exitCode = 1;
    },
);
