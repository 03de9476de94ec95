import path from "node:path";
import { systemClock } from "../../run/clients";
import { runIdsIn } from "../../run/run-ids";
import { saveAllRuns, saveRun } from "../../run/save-all";
import { readStatus } from "../../run/transitions";
import { readArguments } from "../shared/arguments";
import type { CommandContext } from "../shared/command-context";
import { STACK_OPTIONS, STACK_USAGE, withBucket } from "../shared/stored-runs/with-bucket";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";

const USAGE = `${commandLine("results")} downloads runs to <resultsDir>/<stack>/<run id>/ and verifies them.
A run that succeeded has a model, metrics, a log and a manifest; any other run has a log and a status. Both may have
TensorBoard logs and, with saveCheckpoints, checkpoints. Files that exist and pass verification are not downloaded again.

Usage: ${commandLine("results", "[options] [run id]")}

  run id              only this run; ${commandLine("runs")} lists them
${STACK_USAGE}

With --bucket, they are saved to models/<bucket>/<run id>/, or with -s to models/<stack>/<run id>/.`;

/**
 * Implements `npm run results`.
 *
 * @returns the exit status
 * @throws UsageError for problems that the user can fix; Error when a download fails verification
 */
export async function saveResults(args: string[], context: CommandContext): Promise<number> {
    const { print, projectDir } = context;
    const { values, positionals } = readArguments(args, {
        help: commandLine("results", "--help"),
        options: STACK_OPTIONS,
        maxPositionals: 1,
    });
    if (values.help) {
        print(USAGE);
        return 0;
    }
    const [runId] = positionals;
    return withBucket(values, context, async (bucket, location) => {
        const { saveCheckpoints } = location;
        const saving = { bucket, clock: systemClock(), print, saveCheckpoints };
        const folderOf = (id: string) => {
            const relative = path.posix.join(location.resultsDir, location.stack, id);
            return { relative, absolute: path.resolve(projectDir, relative) };
        };
        const runIds = await runIdsIn(bucket);
        if (runId === undefined) {
            if (runIds.length === 0) {
                print(`gs://${location.bucket} has no runs yet (npx pulumi up)`);
            }
            await saveAllRuns(saving, folderOf);
            return 0;
        }
        const seen = runIds.includes(runId) ? await readStatus(bucket, runId) : undefined;
        if (!seen) {
            const others = runIds.length > 0 ? `it has ${runIds.join(", ")}` : "it has none yet";
            throw new UsageError(
                `gs://${location.bucket} has no run ${runId} that has started; ${others} (${commandLine("runs")})`,
            );
        }
        print(await saveRun(saving, seen.status, folderOf(runId)));
        return 0;
    });
}
