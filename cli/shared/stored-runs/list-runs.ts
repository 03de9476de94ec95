import { PLACE_USAGE, readArguments, withBucket } from "./command";
import type { Surroundings } from "./place";
import { readRuns, runsTable } from "./runs-table";

const USAGE = `npm run runs shows the runs in a stack's bucket: state, attempt, age, metrics.

Usage: npm run runs -- [options]

${PLACE_USAGE}`;

/**
 * `npm run runs`.
 *
 * @returns the exit status
 * @throws UsageError when there is something to mend: the command line, the stack, the bucket, credentials
 */
export async function listRuns(args: string[], surroundings: Surroundings): Promise<number> {
    const { print } = surroundings;
    const options = readArguments("runs", args, 0);
    if (options.help) {
        print(USAGE);
        return 0;
    }
    return withBucket(options, surroundings, async (bucket, place) => {
        const runs = await readRuns(bucket);
        if (runs.length === 0) {
            print(`gs://${place.bucket} has no runs yet (npx pulumi up)`);
            return 0;
        }
        for (const line of runsTable(runs, Date.now())) {
            print(line);
        }
        return runs.some(({ problem }) => problem !== undefined) ? 1 : 0;
    });
}
