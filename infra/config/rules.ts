import { parseDataset } from "../dataset";
import { type ConfigValues, DEFAULTS } from "../defaults";
import { gpuProblem } from "../machine-types";
import { removeCommand, setCommand } from "./issues";
import type { FileState, ProjectFiles } from "./project-files";

/** Something the values do not agree on, among each other or with the project's files. */
export interface Conflict {
    key: keyof ConfigValues;
    must: string;
    /** The command that fixes it. */
    fix: string;
}

interface Rule {
    /** Keys whose values the rule looks at: it holds its tongue when one of them is wrong by itself. */
    keys: readonly (keyof ConfigValues)[];
    find: (config: ConfigValues, files: ProjectFiles) => Conflict | undefined;
}

/** An instance's metadata value ends at 256 KiB, and the boot script is in it too.
 * https://cloud.google.com/compute/docs/metadata/setting-custom-metadata#limitations */
const MAX_VALUES_BYTES = 128 * 1024;
/** 64 for one resource, less the job's own and the one the gcp provider adds.
 * https://cloud.google.com/compute/docs/labeling-resources#requirements */
const MAX_LABELS = 62;
/** https://cloud.google.com/storage/docs/objects#naming */
const MAX_FILE_NAME_BYTES = 1024 - "data/0123456789/".length;

const rules: readonly Rule[] = [
    {
        keys: ["dataset"],
        find: ({ dataset }, files) => {
            const source = parseDataset(dataset);
            const must = source?.kind === "file" && datasetMust(files.state(source.path), source.fileName);
            return must ? conflict("dataset", must) : undefined;
        },
    },
    {
        keys: ["trainer", "target"],
        find: ({ trainer, target }) =>
            trainer === DEFAULTS.trainer && target === ""
                ? conflict("target", "must be the column that this project's trainer is to predict")
                : undefined,
    },
    {
        keys: ["target", "dropColumns"],
        find: ({ target, dropColumns }) => {
            const index = target === "" ? -1 : dropColumns.indexOf(target);
            const fix = removeCommand(["dropColumns", String(index)]);
            return index < 0 ? undefined : { key: "dropColumns", must: `must not hold the target, ${target}`, fix };
        },
    },
    {
        keys: ["trainer"],
        find: ({ trainer }, files) => {
            const dockerfile = files.state(`${trainer}/Dockerfile`);
            return dockerfile === "file"
                ? undefined
                : conflict("trainer", trainerMust(files.state(trainer), dockerfile));
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
        keys: ["labels"],
        find: ({ labels }) => {
            const names = Object.keys(labels);
            const fix = removeCommand(["labels", names[0] ?? ""]);
            return names.length > MAX_LABELS
                ? { key: "labels", must: `must be at most ${MAX_LABELS}`, fix }
                : undefined;
        },
    },
    {
        keys: ["hyperparameters", "env"],
        find: ({ hyperparameters, env }) => {
            const bytes = Buffer.byteLength(JSON.stringify([hyperparameters, env]));
            const must = `must, with env, be at most ${MAX_VALUES_BYTES} bytes of JSON, and are ${bytes}`;
            const fix = removeCommand(["hyperparameters"]);
            return bytes > MAX_VALUES_BYTES ? { key: "hyperparameters", must, fix } : undefined;
        },
    },
];

/** All conflicts of a config; `wrongKeys` are reported already, and what depends on them is not looked at. */
export function findConflicts(
    config: ConfigValues,
    files: ProjectFiles,
    wrongKeys: readonly unknown[] = [],
): Conflict[] {
    return rules
        .filter(({ keys }) => !keys.some((key) => wrongKeys.includes(key)))
        .map(({ find }) => find(config, files))
        .filter((found) => found !== undefined);
}

function conflict(key: keyof ConfigValues, must: string, example?: string): Conflict {
    return { key, must, fix: setCommand([key], example) };
}

function datasetMust(state: FileState, fileName: string): string | undefined {
    if (state !== "file") {
        return `must be a file that can be read and is not empty, or a gs:// URI; there is ${describe(state)}`;
    }
    const isObjectName = Buffer.byteLength(fileName) <= MAX_FILE_NAME_BYTES && !/[\r\n]/.test(fileName);
    return isObjectName ? undefined : `must have a name without line breaks of at most ${MAX_FILE_NAME_BYTES} bytes`;
}

function trainerMust(folder: FileState, dockerfile: FileState): string {
    const there = folder === "folder" ? `${describe(dockerfile)} at its Dockerfile` : describe(folder);
    return `must be a folder with a Dockerfile; there is ${there}`;
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
