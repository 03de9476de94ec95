import { z } from "zod";
import { parseDataset } from "../dataset";
import type { ConfigValues, Hyperparameter } from "../defaults";
import { choice, type Finding, flag, integer, list, pattern, record, text, texts } from "./fields";

/**
 * Limits of numbers. The minutes are such that their sum and everything else a boot may take stay within the 120 days that
 * Compute Engine allows a limited VM. https://cloud.google.com/compute/docs/instances/limit-vm-runtime
 */
export const LIMITS = {
    maxRunMinutes: { min: 1, max: 171_360 },
    debugMinutes: { min: 0, max: 1_200 },
    maxAttempts: { min: 1, max: 20 },
    bootDiskSizeGb: { min: 10, max: 65_536 },
    gpuCount: { min: 0, max: 16 },
} as const;

/** Names that the VM or the trainer contract sets; a value of one's own would be overwritten or break the run. */
const RESERVED_ENV = /^(AIP_.*|CLOUD_ML_PROJECT_ID|CLOUD_ML_REGION|STORAGE_EMULATOR_HOST|GCE_METADATA_HOST)$/;

/** The label that finds everything of a job. */
export const JOB_LABEL = "gcp-trainer";

const RESOURCE_NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const EMPTY = "";

function number(key: keyof typeof LIMITS) {
    return integer(LIMITS[key].min, LIMITS[key].max);
}

function rename(must: string): Finding {
    return { must, remove: true };
}

function checkDataset(value: string): Finding {
    if (value === EMPTY) {
        return "must be a file of the project or a gs:// URI";
    }
    return parseDataset(value) ? undefined : "must be the gs:// URI of one object, gs://<bucket>/<name>";
}

function checkColumn(value: string): Finding {
    return value === EMPTY || value.includes("\0") ? "must be the name of a column" : undefined;
}

function checkHyperparameter(name: string, value: unknown): Finding {
    if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) {
        return rename("must have a name of letters, digits, `_`, `.` and `-` that begins with a letter or `_`");
    }
    if (name === "target" || name === "dropColumns") {
        return rename("must be set by the key of its own, not among the hyperparameters");
    }
    if (value === null) {
        return "must be a text, a number, a boolean, a list or an object";
    }
    return JSON.stringify(value).includes("\\u0000") ? "must not contain a NUL character" : undefined;
}

function checkEnv(name: string, value: string): Finding {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        return rename("must have a name of letters, digits and `_` that does not begin with a digit");
    }
    if (RESERVED_ENV.test(name)) {
        return rename("must have another name: this variable is the VM's own");
    }
    return value.includes("\0") ? "must not contain a NUL character" : undefined;
}

/** https://cloud.google.com/compute/docs/labeling-resources#requirements */
function checkLabel(name: string, value: string): Finding {
    if (!/^\p{Ll}[\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(name) || name.startsWith("goog-")) {
        return rename(
            "must have a name of at most 63 lowercase letters, digits, `_` and `-` that begins with a letter, not with goog-",
        );
    }
    if (name === JOB_LABEL) {
        return rename("must have another name: this label is the job's own");
    }
    const fits = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value);
    return fits ? undefined : "must be at most 63 lowercase letters, digits, `_` and `-`";
}

function checkBuildArg(name: string): Finding {
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? undefined : rename("must have a name of letters, digits and `_`");
}

function checkScope(value: string): Finding {
    const known = /^https:\/\/www\.googleapis\.com\/auth\/[a-z0-9._-]+$/.test(value);
    return known ? undefined : "must be a scope's URL, https://www.googleapis.com/auth/...";
}

function checkResultsDir(value: string): Finding {
    const parts = value.split("/");
    const inside =
        !/^[/~]|[\\:\0]/.test(value) && parts.every((part) => part !== EMPTY && part !== "." && part !== "..");
    return inside ? undefined : "must be a folder inside the project, written with `/`, without `.` and `..`";
}

/** Names a network or subnetwork: by its name, or by its path or link. */
function networkName(what: "networks" | "subnetworks") {
    const link = new RegExp(`^(https://.+/)?projects/[^/]+/(global|regions/[^/]+)/${what}/[^/]+$`);
    return text((value) =>
        value === EMPTY || RESOURCE_NAME.test(value) || link.test(value)
            ? undefined
            : `must be a name, or a path projects/<project>/.../${what}/<name>`,
    );
}

/** A path, which is looked at later: the schema knows texts only. */
const folder = text((value) => (value === EMPTY ? "must be a folder with a Dockerfile" : undefined));

const bootImage = text((value) =>
    value === EMPTY || /^(https:\/\/.+\/)?projects\/[^/]+\/global\/images\/(family\/)?[^/]+$/.test(value)
        ? undefined
        : "must be projects/<project>/global/images/family/<family> or projects/<project>/global/images/<image>",
);

const serviceAccount = text((value) =>
    value === EMPTY || /^[^@\s]+@[^@\s]+\.gserviceaccount\.com$/.test(value)
        ? undefined
        : "must be a service account's email, <name>@<project>.iam.gserviceaccount.com",
);

const optionalWord = text((value) =>
    value === EMPTY || /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value)
        ? undefined
        : "must be lowercase letters, digits and dashes",
);

/** Keys that are not set are missing or undefined. */
export type Unset<T> = { [Key in keyof T]?: T[Key] | undefined };

/** The config keys as text, each made the value that the program uses. Strict: a key that is not here is an error. */
export const configSchema = z
    .strictObject({
        dataset: text(checkDataset),
        target: text((value) => (value.includes("\0") ? "must be the name of a column" : undefined)),
        dropColumns: list(checkColumn),
        trainer: folder,
        trainerBuildArgs: texts(checkBuildArg),
        hyperparameters: record(checkHyperparameter, (value) => value as Hyperparameter),
        env: texts(checkEnv),
        machineType: pattern(
            /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/,
            "a machine type such as e2-standard-2 or n2-custom-4-8192",
        ),
        bootImage,
        bootDiskSizeGb: number("bootDiskSizeGb"),
        bootDiskType: optionalWord,
        provisioning: choice(["standard", "spot"]),
        gpuType: optionalWord,
        gpuCount: number("gpuCount"),
        maxRunMinutes: number("maxRunMinutes"),
        maxAttempts: number("maxAttempts"),
        debugMinutes: number("debugMinutes"),
        network: networkName("networks"),
        subnetwork: networkName("subnetworks"),
        externalIp: flag(),
        serviceAccount,
        scopes: list(checkScope),
        privileged: flag(),
        wait: flag(),
        resultsDir: text(checkResultsDir),
        labels: texts(checkLabel),
        enableApis: flag(),
    })
    .partial() satisfies z.ZodType<Unset<ConfigValues>>;
