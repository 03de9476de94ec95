import type { BucketClient } from "./clients";
import { runsPrefix } from "./layout";

/** Ids of the runs in a bucket. Other names are ignored, because ids become folders on this machine. */
export async function runIdsIn(bucket: BucketClient): Promise<string[]> {
    return (await bucket.folders(runsPrefix)).filter((name) => /^[a-z0-9][a-z0-9-]{0,62}$/.test(name));
}
