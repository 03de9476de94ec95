import path from "node:path";
import { systemClock } from "../../../run/clients";
import { runIdsIn, saveAllRuns, saveRun } from "../../../run/save-all";
import { readStatus } from "../../../run/transitions";
import { UsageError } from "../../start/stack-config";
import { PLACE_USAGE, readArguments, withBucket } from "./command";
import type { Surroundings } from "./place";

const USAGE = `npm run results brings runs to this machine, verified, into <resultsDir>/<stack>/<run id>/: of a run that
succeeded the model, metrics, log and manifest, of any other its log and status. What is there and verifies is not downloaded again.

Usage: npm run results -- [options] [run id]

  run id              that run alone; npm run runs lists them
${PLACE_USAGE}

With --bucket they go to models/<bucket>/<run id>/, or with -s to models/<stack>/<run id>/.`;

/**
 * `npm run results`.
 *
 * @returns the exit status
 * @throws UsageError when there is something to mend; Error when a download does not verify
 */
export async function saveResults(args: string[], surroundings: Surroundings): Promise<number> {
    const { print, projectDir } = surroundings;
    const options = readArguments("results", args, 1);
    if (options.help) {
        print(USAGE);
        return 0;
    }
    const [wanted] = options.positionals;
    return withBucket(options, surroundings, async (bucket, place) => {
        const context = { bucket, clock: systemClock(), print };
        const folderOf = (runId: string) => {
            const relative = path.posix.join(place.resultsDir, place.stack, runId);
            return { relative, absolute: path.resolve(projectDir, relative) };
        };
        const runIds = await runIdsIn(bucket);
        if (wanted === undefined) {
            if (runIds.length === 0) {
                print(`gs://${place.bucket} has no runs yet (npx pulumi up)`);
            }
            await saveAllRuns(context, folderOf);
            return 0;
        }
        const seen = runIds.includes(wanted) ? await readStatus(bucket, wanted) : undefined;
        if (!seen) {
            const there = runIds.length > 0 ? `it has ${runIds.join(", ")}` : "it has none yet";
            throw new UsageError(`gs://${place.bucket} has no run ${wanted} that began; ${there} (npm run runs)`);
        }
        print(await saveRun(context, seen.status, folderOf(wanted)));
        return 0;
    });
}
