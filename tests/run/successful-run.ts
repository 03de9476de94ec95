import type { Provenance } from "../../run/manifest";
import { FakeBucket, putLog, runId, statusOf } from "./fakes";

/** Prefix for the run's model, without the trailing slash. */
export const model = `runs/${runId}/model`;
export const status = statusOf({ state: "SUCCEEDED", exitCode: 0, attempt: 2, finishedAt: "2026-01-01T00:02:00Z" });
export const provenance: Provenance = {
    datasetUri: "gs://demo-bucket/data/0a1b2c3d4e/iris.csv",
    datasetMd5: "bWQ1",
    datasetGeneration: "17",
    imageDigest: "sha256:abc",
    hyperparameters: { maxDepth: 4 },
    target: "species",
    dropColumns: ["id"],
    env: ["TOKEN"],
    machineType: "e2-small",
    provisioning: "spot",
    project: "demo-project",
    zone: "us-central1-a",
    instance: "iris-vm",
};

/** A bucket with a successful run that has two attempts. */
export function bucketWith(files: Record<string, string | Buffer>): FakeBucket {
    const bucket = new FakeBucket();
    const items = Object.entries(files).map(([name, content]) => {
        const { sizeBytes, ...stored } = bucket.put(`${model}/${name}`, content);
        return { ...stored, size: String(sizeBytes) };
    });
    // Cloud Storage may return two pages, the second of which has no items.
    bucket.put(`runs/${runId}/objects.json`, JSON.stringify({ schema: 1, pages: [{ items }, {}] }));
    putLog(bucket, 1, 0, "epoch 1\nkilled here");
    putLog(bucket, 2, 0, "epoch 2\n");
    putLog(bucket, 2, 8, "done\n");
    return bucket;
}
