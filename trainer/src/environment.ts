import { availableParallelism, cpus, totalmem } from "node:os";
import type { RunFacts } from "../lib/report";
import { EnvironmentError } from "./errors";

/** An object, or a prefix for objects, in a bucket. */
export interface GcsUri {
    bucket: string;
    /** Object name, or a prefix that ends in a slash; "" represents the whole bucket. */
    path: string;
}

/** An object and, if only one generation of it may be read, that generation. */
export interface ObjectUri extends GcsUri {
    generation?: string | undefined;
}

/**
 * The objects that the trainer reads and writes, as specified by Vertex AI's variables. These variables are the
 * trainer's contract with its caller.
 */
export interface TrainerEnvironment {
    dataset: GcsUri;
    /** The object that lists the dataset's generations; undefined if the current ones are read. */
    datasetList?: GcsUri;
    modelDir: GcsUri;
}

// https://cloud.google.com/storage/docs/buckets#naming
const GCS_URI = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:\/(.*))?$/s;

const DATASETS = "a gs:// URI of one CSV object, or of a folder, which ends in a slash";

/** Parses a `gs://bucket/path` URI; undefined if the text is not such a URI. */
export function parseGcsUri(text: string): GcsUri | undefined {
    const [, bucket, path = ""] = GCS_URI.exec(text) ?? [];
    return bucket === undefined ? undefined : { bucket, path };
}

export function formatGcsUri(uri: GcsUri): string {
    return `gs://${uri.bucket}/${uri.path}`;
}

/**
 * Reads `AIP_TRAINING_DATA_URI`, `AIP_MODEL_DIR`, `AIP_DATA_FORMAT` and `GCP_TRAINER_DATASET_LIST`.
 * https://cloud.google.com/vertex-ai/docs/training/code-requirements#environment-variables
 * @throws {EnvironmentError} with one sentence for each problem
 */
export function parseEnvironment(env: Readonly<Record<string, string | undefined>>): TrainerEnvironment {
    const problems: string[] = [];
    const report = (name: string, allowed: string, got = env[name]) => {
        const found = got === undefined ? "none" : JSON.stringify(got);
        problems.push(`The environment variable ${name} must be ${allowed}; got ${found}`);
    };
    const readUri = (name: string, allowed: string) => {
        const uri = parseGcsUri(env[name] ?? "");
        if (uri === undefined) {
            report(name, allowed);
        }
        return uri;
    };
    const dataset = readUri("AIP_TRAINING_DATA_URI", DATASETS);
    const modelDir = readUri("AIP_MODEL_DIR", "a gs:// URI under which to write the model");
    const isListed = (env.GCP_TRAINER_DATASET_LIST ?? "") !== "";
    const datasetList = isListed
        ? readUri("GCP_TRAINER_DATASET_LIST", "a gs:// URI of the list of the dataset's objects")
        : undefined;
    if (dataset !== undefined && !isListed && (dataset.path === "" || dataset.path.includes("*"))) {
        report("AIP_TRAINING_DATA_URI", DATASETS, formatGcsUri(dataset));
    }
    const format = env.AIP_DATA_FORMAT;
    if (format !== undefined && format !== "" && format !== "csv" && format !== "jsonl") {
        report("AIP_DATA_FORMAT", '"csv", "jsonl" or unset');
    }
    if (problems.length > 0 || dataset === undefined || modelDir === undefined) {
        throw new EnvironmentError(problems.join("\n"));
    }
    const prefix = modelDir.path === "" || modelDir.path.endsWith("/") ? modelDir.path : `${modelDir.path}/`;
    return { dataset, ...(datasetList ? { datasetList } : {}), modelDir: { ...modelDir, path: prefix } };
}

/** Facts about this run for the report, collected when the run has almost finished. */
export function runFacts(env: Readonly<Record<string, string | undefined>>, { path }: GcsUri): RunFacts {
    const processors = availableParallelism();
    const model = cpus()[0]?.model.trim() ?? "";
    const region = env.CLOUD_ML_REGION ? `, ${env.CLOUD_ML_REGION}` : "";
    const memory = `${(availableMemory() / 2 ** 30).toFixed(1)} GiB of memory`;
    return {
        id: /(?:^|\/)runs\/([^/]+)\//.exec(path)?.[1],
        finishedAt: new Date(),
        // The time since this process started.
        seconds: Math.round(performance.now() / 1000),
        machine: `${processors} ${processors === 1 ? "processor" : "processors"}${model && ` (${model})`}, ${memory}${region}`,
    };
}

/** Memory that this process may use, in bytes: the container's limit or, without one, all of the machine's memory. */
export function availableMemory(constrained: number = process.constrainedMemory(), total: number = totalmem()): number {
    // Without a limit, `constrained` is 0 or larger than any memory:
    // https://nodejs.org/api/process.html#processconstrainedmemory
    return constrained > 0 && constrained < total ? constrained : total;
}
