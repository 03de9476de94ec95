import path from "node:path";
import { readArguments } from "../shared/arguments";
import type { CommandContext } from "../shared/command-context";
import { STACK_OPTIONS, STACK_USAGE, withBucket } from "../shared/stored-runs/with-bucket";
import { commandLine } from "../shared/tool";
import { readEarlierAttempts } from "./earlier-attempts";
import { newestFirst, readRuns, runsTable } from "./runs-table";

const USAGE = `${commandLine("runs")} shows the runs in a stack's bucket, and the earlier attempts of these runs that are kept on this machine:
state, attempt, age, metrics.

Usage: ${commandLine("runs", "[options]")}

${STACK_USAGE}`;

/**
 * Implements `npm run runs`.
 *
 * @returns the exit status
 * @throws UsageError for the command line, the stack, the bucket, or credentials
 */
export async function listRuns(args: string[], context: CommandContext): Promise<number> {
    const { print, projectDir } = context;
    const { values } = readArguments(args, { help: commandLine("runs", "--help"), options: STACK_OPTIONS });
    if (values.help) {
        print(USAGE);
        return 0;
    }
    return withBucket(values, context, async (bucket, location) => {
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
