import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type LoneBucket, startTestBucket } from "../../emulator/src/testing";
import { type Model, parseModel } from "../lib/model";

const PROJECT = path.join(__dirname, "../..");

export const IRIS = readFileSync(path.join(PROJECT, "data/iris.csv"), "utf8");

/** Names of the objects that training writes. */
export const MODEL = "runs/r-1/model/model.json";
export const METRICS = "runs/r-1/model/metrics.json";
export const ONNX = "runs/r-1/model/model.onnx";
export const REPORT = "runs/r-1/model/report.html";

/** Outcome of a training run. */
export interface Outcome {
    exitCode: number | null;
    stdout: string;
    stderr: string;
}

/** The same bundle that `npm run build` creates from the current sources. */
const folder = mkdtempSync(path.join(tmpdir(), "gcp-trainer-bundle-"));
const bundle = path.join(folder, "trainer/train.cjs");

export let bucket: LoneBucket;

/** Builds the trainer and starts a bucket for the tests in the calling file. Each test begins with an empty bucket. */
export function setUpTrainer(): void {
    beforeAll(async () => {
        execFileSync(process.execPath, [path.join(PROJECT, "trainer/build.cjs"), path.join(folder, "trainer")]);
        bucket = await startTestBucket();
    });
    afterAll(async () => {
        await bucket.stop();
        rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(async () => {
        for (const object of await bucket.list("")) {
            await bucket.remove(object);
        }
    });
}

export function start(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
    return spawn(process.execPath, [bundle, ...argv], {
        env: {
            PATH: process.env.PATH,
            STORAGE_EMULATOR_HOST: bucket.endpoint,
            AIP_TRAINING_DATA_URI: `gs://${bucket.name}/data/some.csv`,
            AIP_DATA_FORMAT: "csv",
            AIP_MODEL_DIR: `gs://${bucket.name}/runs/r-1/model/`,
            ...env,
        },
        stdio: ["ignore", "pipe", "pipe"],
    });
}

export async function run(argv: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
    const child = start(argv, env);
    const outcome: Outcome = { exitCode: null, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => (outcome.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (outcome.stderr += text));
    [outcome.exitCode] = await once(child, "close");
    return outcome;
}

export async function train(csv: string | Uint8Array, ...argv: string[]): Promise<Outcome> {
    await bucket.put("data/some.csv", csv);
    return await run(argv);
}

export async function readModel(): Promise<Model> {
    return parseModel((await bucket.get(MODEL)) ?? "");
}

export async function readMetrics(): Promise<Record<string, unknown>> {
    return JSON.parse((await bucket.get(METRICS)) ?? "null");
}
