import path from "node:path";
import { DEFAULTS } from "../../infra/defaults";
import { readSavedRuns, type SavedRun } from "../../run/saved-runs";
import { readArguments } from "../shared/arguments";
import type { CommandContext } from "../shared/command-context";
import { userFolder } from "../shared/project";
import { isWithoutEmulator } from "../shared/stored-runs/explain-error";
import { NotDeployedError } from "../shared/stored-runs/stack-location";
import { STACK_OPTIONS, STACK_USAGE, withBucket } from "../shared/stored-runs/with-bucket";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";
import { cancelRun } from "./cancel-run";
import { bestLines, csvLines, diffLines, findRun, sortByMetric } from "./compare";
import { hasResults, readLocalRuns } from "./local-runs";
import { writeMlflow } from "./mlflow";
import { newestFirst, readRuns, runsTable, type StoredRun } from "./runs-table";

const USAGE = `${commandLine("runs")} shows the runs in a stack's bucket and those that are saved on this machine, including
rehearsed ones: state, attempt, age, metrics. models/<stack>/index.html compares the saved ones.

Usage: ${commandLine("runs", "[options] [best [METRIC] | diff RUN RUN | mlflow FOLDER | cancel RUN]")}

  best [METRIC]       the run with the best value of a metric; default: the first metric
  diff RUN RUN        differences in data, image, parameters and metrics; RUN is an id or a runName
  mlflow FOLDER       writes the runs in MLflow's file format; FOLDER is what MLflow calls mlruns
  cancel RUN          ends a run in progress, which the next pulumi up continues from its checkpoint
  --local             only runs on this machine, without asking Pulumi for the stack
  --sort METRIC       sorts the runs by a metric, best first
  --json              all facts about the runs, for programs
  --csv               the main facts, parameters and metrics of the runs, for programs
${STACK_USAGE}`;

const OPTIONS = {
    ...STACK_OPTIONS,
    local: { type: "boolean" },
    json: { type: "boolean" },
    csv: { type: "boolean" },
    sort: { type: "string" },
} as const;

/** The runs of a stack, and where they are stored. */
interface FoundRuns {
    runs: StoredRun[];
    stack: string;
    /** Absolute path of `<resultsDir>/<stack>`. */
    folder: string;
    /** The text that is printed if there are no runs. */
    none: string;
    /** Printed before the table if it may not be the one that the user expected. */
    note?: string;
}

/**
 * Implements `npm run runs`.
 *
 * @returns the exit status
 * @throws UsageError for a problem with the command line, the stack, the bucket, or credentials
 */
export async function listRuns(args: string[], context: CommandContext): Promise<number> {
    const { print } = context;
    const help = commandLine("runs", "--help");
    const { values, positionals } = readArguments(args, { help, options: OPTIONS, maxPositionals: 3 });
    if (values.help) {
        print(USAGE);
        return 0;
    }
    const [action, ...operands] = positionals;
    const counts: Record<string, readonly number[]> = { list: [0], best: [0, 1], diff: [2], mlflow: [1], cancel: [1] };
    if (!counts[action ?? "list"]?.includes(operands.length)) {
        throw new UsageError(
            `The arguments must be best [METRIC], diff RUN RUN, mlflow FOLDER or cancel RUN; got "${positionals.join(" ")}" (${help})`,
        );
    }
    if (action === "cancel") {
        const [runId = ""] = operands;
        return withBucket(values, context, (bucket, location) => cancelRun(bucket, location, runId, context));
    }
    const found = await findRuns(values, context);
    const facts = found.runs.map((run) => run.facts);
    switch (action) {
        case "best":
            return printAll(bestLines(facts, operands[0]), print);
        case "diff": {
            const [a = "", b = ""] = operands;
            return printAll(diffLines(findRun(facts, a), findRun(facts, b)), print);
        }
        case "mlflow": {
            const [folder = ""] = operands;
            await writeMlflow(
                facts,
                `gcp-trainer ${found.stack}`,
                path.resolve(userFolder(context.env), folder),
                found.folder,
            );
            print(
                `Wrote ${facts.length} runs to ${folder}; to open them: MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri ${folder}`,
            );
            return 0;
        }
        default:
            return show(found, values, context);
    }
}

function show(
    { runs, none, note }: FoundRuns,
    { sort, json, csv }: { sort?: string | undefined; json?: boolean | undefined; csv?: boolean | undefined },
    { print, columns }: CommandContext,
): number {
    const sorted = sort === undefined ? newestFirst(runs) : sortByMetric(runs, sort);
    const facts: SavedRun[] = sorted.map((run) => run.facts);
    if (json) {
        return printAll(JSON.stringify(facts, undefined, 4).split("\n"), print);
    }
    if (csv) {
        return printAll(csvLines(facts), print);
    }
    if (runs.length === 0) {
        return printAll([none], print);
    }
    printAll(note === undefined ? [] : [note, ""], print);
    printAll([...runsTable(sorted, Date.now(), sort, columns), ...sorted.flatMap((run) => run.renamed ?? [])], print);
    return runs.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

function printAll(lines: readonly string[], print: (line: string) => void): 0 {
    for (const line of lines) {
        print(line);
    }
    return 0;
}

/** The runs in a stack's bucket, and those that are only on this machine, such as rehearsed runs. */
async function findRuns(
    values: { stack?: string | undefined; bucket?: string | undefined; local?: boolean | undefined },
    context: CommandContext,
): Promise<FoundRuns> {
    const { projectDir } = context;
    const { stack = "local" } = values;
    const local = path.join(DEFAULTS.resultsDir, stack.split("/").at(-1) ?? stack);
    const folder = path.resolve(projectDir, local);
    // A stack on the emulator has a bucket only while the emulator is running.
    const isRehearsed =
        values.bucket === undefined && (await hasResults(folder)) && (await isWithoutEmulator(projectDir, stack));
    const onThisMachine = async (note?: string): Promise<FoundRuns> => ({
        runs: await readLocalRuns(folder),
        stack,
        folder,
        none: `${local} has no runs yet (${commandLine("start")})`,
        ...(note === undefined ? {} : { note }),
    });
    if (values.local || isRehearsed) {
        const isChosen = values.local || values.stack !== undefined;
        return onThisMachine(isChosen ? undefined : `Rehearsed runs (${commandLine("runs", "-s STACK")} shows others)`);
    }
    let found: FoundRuns | undefined;
    const read = withBucket(values, context, async (bucket, location) => {
        const own = path.resolve(projectDir, location.resultsDir, location.stack);
        const stored = await readRuns(bucket);
        const saved = await readLocalRuns(own);
        const reports = new Set((await readSavedRuns(own)).filter((run) => run.hasReport).map(({ id }) => id));
        const ids = stored.map(({ runId }) => runId);
        const runs = stored.map((run) => ({ ...run, facts: { ...run.facts, hasReport: reports.has(run.runId) } }));
        const none = `gs://${location.bucket} has no runs yet (npx pulumi up)`;
        const only = saved.filter(({ runId }) => !ids.includes(runId));
        found = { runs: [...runs, ...only], stack: location.stack, folder: own, none };
        return 0;
    });
    try {
        await read;
    } catch (error) {
        if (error instanceof NotDeployedError && values.stack !== undefined && (await hasResults(folder))) {
            return onThisMachine(`The stack ${stack} is not deployed; these runs are on this machine`);
        }
        throw error;
    }
    return found as FoundRuns;
}
