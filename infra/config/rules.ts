import path from "node:path";
import { parseDataset } from "../dataset";
import { batchRules } from "./batch-rules";
import { gpuProblem } from "./gpus";
import type { Fix } from "./issues";
import { type ConfigValues, KEYS, type KeyName } from "./keys";
import type { FileState, ProjectFiles } from "./project-files";
import { type CheckedValues, type Conflict, conflict, type Rule } from "./rule";
import { sweepRules } from "./sweep-rules";

/**
 * A metadata value may be at most 256 KiB long, including the boot script, and cloud-init keeps several copies of it in
 * an in-memory file system, which can be as small as 1 MiB.
 * https://cloud.google.com/compute/docs/metadata/setting-custom-metadata#limitations
 */
const MAX_VALUES_BYTES = 64 * 1024;
/**
 * The driver and the operating system take about 8 GB. An image with CUDA and a framework takes 5 to 10 GB, and twice
 * that while it is unpacked.
 */
const MIN_GPU_DISK_GB = 40;
/** The maximum of 64 labels per resource, minus the job's own label and that of the gcp provider.
 * https://cloud.google.com/compute/docs/labeling-resources#requirements */
const MAX_LABELS = 62;
/** https://cloud.google.com/storage/docs/objects#naming */
const MAX_FILE_NAME_BYTES = 1024 - "data/0123456789/".length;

const rules: readonly Rule[] = [
    {
        keys: ["dataset"],
        find: ({ dataset }, files) => {
            const source = parseDataset(dataset);
            if (source?.kind !== "file") {
                return undefined;
            }
            const isFolder = files.state(source.path) === "folder";
            const all = isFolder ? (files.dataset?.(source.path) ?? []) : [source.path];
            const [must] = all.flatMap((file) => datasetMust(files.state(file), path.basename(file)) ?? []);
            const found = isFolder && must !== undefined ? `, in the folder ${source.path}` : "";
            const empty = "must be a file or a folder with files; found an empty folder";
            return all.length === 0
                ? conflict("dataset", empty)
                : must === undefined
                  ? undefined
                  : conflict("dataset", `${must}${found}`);
        },
    },
    {
        keys: ["image", "script", "trainer", "target"],
        find: ({ target, ...config }, files) =>
            isBuiltIn(config, files) && target === ""
                ? conflict("target", "must be the column that this project's trainer predicts")
                : undefined,
    },
    {
        keys: ["image", "script", "trainer", "tasks"],
        find: ({ tasks, ...config }, files) =>
            isBuiltIn(config, files) && tasks > 1
                ? {
                      key: "tasks",
                      must: "must not be set with this project's trainer, which does not split its work into tasks",
                      fix: { remove: ["tasks"] },
                  }
                : undefined,
    },
    {
        keys: ["target", "dropColumns"],
        find: ({ target, dropColumns }) => {
            const index = target === "" ? -1 : dropColumns.indexOf(target);
            const fix: Fix = { remove: ["dropColumns", String(index)] };
            return index < 0 ? undefined : { key: "dropColumns", must: `must not contain the target, ${target}`, fix };
        },
    },
    {
        keys: ["image", "script", "trainer"],
        find: ({ image, script, trainer }, files) => {
            const isUsual = trainer === KEYS.trainer.default || files.hasBuiltInTrainer(trainer);
            const set = Object.entries({ image, script, trainer: isUsual ? "" : trainer });
            const [first, second] = set.filter(([, value]) => value !== "").map(([key]) => key as KeyName);
            const must = `must not be set together with ${second}, because both specify the trainer`;
            return first && second ? { key: first, must, fix: { remove: [first] } } : undefined;
        },
    },
    {
        keys: ["script"],
        find: ({ script }, files) =>
            script === "" ? undefined : fileConflict("script", "must be a Python file", files.state(script)),
    },
    {
        keys: ["requirements"],
        find: ({ requirements }, files) =>
            requirements === "" || files.state(requirements) === "empty file"
                ? undefined
                : fileConflict("requirements", "must be a file for pip", files.state(requirements)),
    },
    {
        keys: ["requirements", "script"],
        find: ({ requirements, script }) =>
            requirements !== "" && script === ""
                ? { key: "requirements", must: "must be set together with script", fix: { remove: ["requirements"] } }
                : undefined,
    },
    {
        keys: ["image", "externalIp"],
        find: ({ image, externalIp }) =>
            image !== "" && !externalIp && !/^([a-z0-9-]+-docker\.pkg\.dev|([a-z]+\.)?gcr\.io|[^/]+:\d+)\//.test(image)
                ? conflict("externalIp", "must be true to pull from a registry that is not Google's", "true")
                : undefined,
    },
    {
        keys: ["image", "script", "trainer"],
        find: ({ image, script, trainer }, files) => {
            if (image !== "" || script !== "") {
                return undefined;
            }
            const dockerfile = files.state(`${trainer}/Dockerfile`);
            return dockerfile === "file"
                ? undefined
                : conflict("trainer", trainerMust(files.state(trainer), dockerfile));
        },
    },
    {
        keys: ["resultsDir"],
        find: ({ resultsDir }, files) => {
            const must = files.folderProblem?.(resultsDir);
            return must ? conflict("resultsDir", `must be a writable folder; ${must}`) : undefined;
        },
    },
    {
        keys: ["machineType", "gpuType", "gpuCount"],
        find: ({ machineType, gpuType, gpuCount }) => {
            const problem = gpuProblem(machineType, gpuType, gpuCount);
            return problem && conflict(problem.key, problem.must, problem.example);
        },
    },
    {
        keys: ["network", "subnetwork"],
        find: ({ network, subnetwork }) => {
            if ((network === "") === (subnetwork === "")) {
                return undefined;
            }
            const [key, other] =
                network === "" ? (["network", "subnetwork"] as const) : (["subnetwork", "network"] as const);
            return conflict(key, `must be set together with ${other}`);
        },
    },
    {
        keys: ["kmsKey"],
        find: ({ kmsKey, region }) => {
            const example = kmsKey.replace(/(?<=\/locations\/)[^/]+/, region);
            return kmsKey !== "" && region !== "" && kmsKey !== example
                ? conflict("kmsKey", `must be in the stack's region, ${region}`, example)
                : undefined;
        },
    },
    {
        keys: ["softDeleteDays"],
        find: ({ softDeleteDays: days }) =>
            days > 0 && days < 7 ? conflict("softDeleteDays", "must be 0, or from 7 to 90", "7") : undefined,
    },
    {
        keys: ["gpuCount", "bootDiskSizeGb", "image", "script", "trainer"],
        find: ({ gpuCount, bootDiskSizeGb, ...config }, files) =>
            gpuCount > 0 && !isBuiltIn(config, files) && bootDiskSizeGb < MIN_GPU_DISK_GB
                ? conflict(
                      "bootDiskSizeGb",
                      `must be at least ${MIN_GPU_DISK_GB} with a GPU, because the driver and most images for GPUs need more`,
                      String(MIN_GPU_DISK_GB),
                  )
                : undefined,
    },
    {
        keys: ["env", "secretEnv"],
        find: ({ env, secretEnv }) => {
            const both = Object.keys(secretEnv).find((name) => Object.hasOwn(env, name));
            const must = `must not set ${both}, which env also sets`;
            return both === undefined ? undefined : { key: "secretEnv", must, fix: { remove: ["secretEnv", both] } };
        },
    },
    {
        keys: ["labels"],
        find: ({ labels }) => {
            const names = Object.keys(labels);
            const fix: Fix = { remove: ["labels", names[0] ?? ""] };
            return names.length > MAX_LABELS
                ? { key: "labels", must: `must have at most ${MAX_LABELS} labels`, fix }
                : undefined;
        },
    },
    {
        keys: ["hyperparameters", "env"],
        find: ({ hyperparameters, env }) => {
            const bytes = Buffer.byteLength(JSON.stringify([hyperparameters, env]));
            const must = `must, together with env, be at most ${MAX_VALUES_BYTES} bytes of JSON, not ${bytes}`;
            const fix: Fix = { remove: ["hyperparameters"] };
            return bytes > MAX_VALUES_BYTES ? { key: "hyperparameters", must, fix } : undefined;
        },
    },
    {
        keys: ["zones"],
        find: ({ zones, region }) => {
            const other = zones.find((zone) => zone !== "any" && !zone.startsWith(`${region}-`));
            return region !== "" && other !== undefined
                ? conflict("zones", `must be \`any\` or zones in the stack's region, ${region}`, "any")
                : undefined;
        },
    },
    {
        keys: ["spotFallback", "provisioning"],
        find: ({ spotFallback, provisioning }) =>
            spotFallback !== "none" && provisioning !== "spot"
                ? conflict("provisioning", `must be spot with spotFallback ${spotFallback}`, "spot")
                : undefined,
    },
    {
        keys: ["spotFallback", "maxAttempts"],
        find: ({ spotFallback, maxAttempts }) =>
            spotFallback !== "none" && maxAttempts < 2
                ? conflict("maxAttempts", `must be at least 2 with spotFallback ${spotFallback}`, "3")
                : undefined,
    },
    ...batchRules,
    ...sweepRules,
];

/**
 * All conflicts in a config. Rules that read one of `wrongKeys` are skipped, because those keys have already been
 * reported.
 */
export function findConflicts(config: CheckedValues, files: ProjectFiles, wrongKeys: readonly string[]): Conflict[] {
    return rules
        .filter(({ keys }) => !keys.some((key) => wrongKeys.includes(key)))
        .map(({ find }) => find(config, files))
        .filter((found) => found !== undefined);
}

/** True if the built-in trainer trains the model. */
export function isBuiltIn(
    { image, script, trainer }: Pick<ConfigValues, "image" | "script" | "trainer">,
    files: ProjectFiles,
): boolean {
    return image === "" && script === "" && files.hasBuiltInTrainer(trainer);
}

function fileConflict(key: KeyName, must: string, state: FileState): Conflict | undefined {
    return state === "file" ? undefined : conflict(key, `${must}; found ${describe(state)}`);
}

function datasetMust(state: FileState, fileName: string): string | undefined {
    if (state !== "file") {
        return `must be a readable, non-empty file or a gs:// URI; found ${describe(state)}`;
    }
    const isObjectName = Buffer.byteLength(fileName) <= MAX_FILE_NAME_BYTES && !/[\r\n]/.test(fileName);
    return isObjectName ? undefined : `must have a name of at most ${MAX_FILE_NAME_BYTES} bytes without line breaks`;
}

function trainerMust(folder: FileState, dockerfile: FileState): string {
    const found = folder === "folder" ? `${describe(dockerfile)} at its Dockerfile` : describe(folder);
    return `must be a folder with a Dockerfile; found ${found}`;
}

function describe(state: FileState): string {
    const words = {
        file: "a file",
        "empty file": "an empty file",
        folder: "a folder",
        missing: "nothing",
        unreadable: "a file that cannot be read",
    };
    return words[state];
}
