import path from "node:path";
import { readArguments } from "../shared/arguments";
import type { CommandContext } from "../shared/command-context";
import { STACK_OPTIONS, STACK_USAGE, withBucket } from "../shared/stored-runs/with-bucket";
import { UsageError } from "../shared/usage-error";
import { cancelRun } from "./cancel-run";
import { readEarlierAttempts } from "./earlier-attempts";
import { newestFirst, readRuns, runsTable } from "./runs-table";

const USAGE = `npm run runs shows the runs in a stack's bucket, and the earlier attempts of these runs that are kept on this machine:
state, attempt, age, metrics.

Usage: npm run runs -- [options]
       npm run runs -- cancel RUN [options]   ends a run in progress, which the next pulumi up continues

${STACK_USAGE}`;

/**
 * Implements `npm run runs`, which lists the runs or cancels one.
 *
 * @returns the exit status
 * @throws UsageError for the command line, the stack, the bucket, or credentials
 */
export async function listRuns(args: string[], context: CommandContext): Promise<number> {
    const { print, projectDir } = context;
    const help = "npm run runs -- --help";
    const { values, positionals } = readArguments(args, { help, options: STACK_OPTIONS, maxPositionals: 2 });
    const [verb, runId] = positionals;
    if (values.help) {
        print(USAGE);
        return 0;
    }
    if (verb !== undefined && (verb !== "cancel" || runId === undefined)) {
        throw new UsageError(`"${positionals.join(" ")}" must be nothing, or cancel and the id of a run (${help})`);
    }
    return withBucket(values, context, async (bucket, location) => {
        if (runId !== undefined) {
            return cancelRun(bucket, location, runId, context);
        }
        const folder = path.resolve(projectDir, location.resultsDir, location.stack);
        const runs = [...(await readRuns(bucket)), ...(await readEarlierAttempts(folder))];
        if (runs.length === 0) {
            print(`gs://${location.bucket} has no runs yet (npx pulumi up)`);
            return 0;
        }
        const renamed = runs.flatMap((run) => run.renamed ?? []);
        for (const line of [...runsTable(newestFirst(runs), Date.now()), ...renamed]) {
            print(line);
        }
        return runs.some(({ problem }) => problem !== undefined) ? 1 : 0;
    });
}
