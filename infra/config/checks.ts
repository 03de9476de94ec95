import { parseImage } from "../../run/image-reference";
import { jobLabel, ownerLabel } from "../../run/marks";
import { isNotificationTarget } from "../../run/notification-target";
import { isSecretVersion } from "../../run/secret-version";
import { parseDataset } from "../dataset";
import type { Finding } from "./key-types";

/** Names that the VM or the trainer contract sets; a user's value would be overwritten or break the run. */
const RESERVED_ENV =
    /^(AIP_.*|GCP_TRAINER_.*|BATCH_TASK_(INDEX|COUNT)|CLOUD_ML_PROJECT_ID|CLOUD_ML_REGION|STORAGE_EMULATOR_HOST|GCE_METADATA_HOST)$/;

/**
 * Names that are read or set by bash, the dynamic loader or the docker command. A secret reaches the container through
 * the environment of these programs on the VM, because arguments are visible in the list of processes.
 */
const RESERVED_SECRETS =
    /^(_|PATH|HOME|IFS|ENV|REPLY|SHELLOPTS|POSIXLY_CORRECT|BASH.*|E?UID|PPID|GROUPS|S?RANDOM|SECONDS|LINENO|EPOCH.*|FUNCNAME|DIRSTACK|PIPESTATUS|HISTCMD|OPT(ARG|IND|ERR)|COMP_.*|LC_ALL|LD_.*|GCONV_PATH|DOCKER_.*|EMULATOR_.*|NODE_OPTIONS)$/;
/** The maximum that Secret Manager accepts. */
const MAX_SECRET_BYTES = 65_536;
/** A secret's id may have 255 characters, of which the job's name and a dash use up to 55. */
const MAX_SECRET_NAME = 200;

/** Most file systems do not accept longer names. */
const MAX_FILE_NAME = 255;

const RESOURCE_NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const IMAGE = /^(https:\/\/.+\/)?projects\/[^/]+\/global\/images\/(family\/)?[^/]+$/;
const MACHINE_TYPE = /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/;
const SERVICE_ACCOUNT = /^[^@\s]+@[^@\s]+\.gserviceaccount\.com$/;

type Check = (text: string) => Finding;

/** Accepts the empty string, which means "none". */
function optional(check: Check): Check {
    return (value) => (value === "" ? undefined : check(value));
}

function matches(regex: RegExp, must: string): Check {
    return (value) => (regex.test(value) ? undefined : must);
}

function rename(must: string): Finding {
    return { must, remove: true };
}

export function checkDataset(value: string): Finding {
    if (value === "") {
        return "must be a file in the project or a gs:// URI";
    }
    return parseDataset(value)
        ? undefined
        : "must be gs://<bucket>/<name>, gs://<bucket>/<folder>/, or a pattern such as gs://<bucket>/<folder>/*.csv";
}

export function checkColumn(value: string): Finding {
    return value === "" || value.includes("\0") ? "must be the name of a column" : undefined;
}

export const checkTarget = optional(checkColumn);

/** Accepts any path, because a rule checks the folder itself. */
export const checkTrainer = matches(/./s, "must be a folder with a Dockerfile");

export const checkImage = optional((value) => {
    const image = parseImage(value);
    if (image === undefined) {
        return "must be <registry>/<path>:<tag> or <registry>/<path>@sha256:<64 hex digits>";
    }
    return image.digest === undefined && image.repository === undefined
        ? "must end in @sha256:<digest>; only a tag in Artifact Registry, <region>-docker.pkg.dev, can be looked up"
        : undefined;
});

/** Accepts any path of a Python file, because a rule checks the file itself. */
export const checkScript = optional(matches(/^.*\.py$/s, "must be a Python file with a name that ends in .py"));

/** Accepts any path, because a rule checks the file itself. */
export const checkPath = optional(matches(/./s, "must be a file"));

export function checkBuildArg(name: string): Finding {
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
        ? undefined
        : rename("must have a name that contains only letters, digits and `_`, and does not begin with a digit");
}

export function checkHyperparameter(name: string, value: unknown): Finding {
    if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) {
        return rename(
            "must have a name that contains only letters, digits, `_`, `.` and `-`, and begins with a letter or `_`",
        );
    }
    if (name === "target" || name === "dropColumns") {
        return rename("must be set with its own key, not as a hyperparameter");
    }
    if (value === null) {
        return "must be a string, a number, a boolean, a list or an object";
    }
    return JSON.stringify(value).includes("\\u0000") ? "must not contain a NUL character" : undefined;
}

export function checkEnv(name: string, value: string): Finding {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        return rename("must have a name that contains only letters, digits and `_`, and does not begin with a digit");
    }
    if (RESERVED_ENV.test(name)) {
        return rename("is reserved for the VM; choose another name");
    }
    return value.includes("\0") ? "must not contain a NUL character" : undefined;
}

/** Checks an entry in `secretEnv`. */
export function checkSecretVersion(name: string, version: string): Finding {
    const found = checkSecretName(name);
    const must =
        "must be a secret version, projects/<project>/secrets/<secret>/versions/<number> or <secret>:<number>; with `latest`, a run could change unnoticed";
    return found ?? (isSecretVersion(version) ? undefined : must);
}

/** Checks an entry in `env` when `env` is secret. */
export function checkSecretValue(name: string, value: string): Finding {
    const found = checkSecretName(name) ?? checkEnv(name, value);
    if (found !== undefined) {
        return found;
    }
    const bytes = Buffer.byteLength(value);
    return bytes > 0 && bytes <= MAX_SECRET_BYTES ? undefined : `must be a secret of 1 to ${MAX_SECRET_BYTES} bytes`;
}

function checkSecretName(name: string): Finding {
    if (RESERVED_SECRETS.test(name)) {
        return rename("cannot be secret, because programs on the VM read it; choose another name");
    }
    return name.length > MAX_SECRET_NAME
        ? rename(`must have a name of at most ${MAX_SECRET_NAME} characters, because it is a secret`)
        : checkEnv(name, "");
}

export const checkMachineType = matches(
    MACHINE_TYPE,
    "must be a machine type such as e2-standard-2 or n2-custom-4-8192",
);

export const checkZone = matches(/^(any|[a-z]+-[a-z]+\d+-[a-z0-9]+)$/, "must be `any` or a zone such as us-central1-b");

export const checkBootImage = optional(
    matches(
        IMAGE,
        "must be projects/<project>/global/images/family/<family> or projects/<project>/global/images/<image>",
    ),
);

/** Checks the format of a disk or GPU type; only Compute Engine knows which ones exist. */
export const checkTypeName = optional(
    matches(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, "must contain only lowercase letters, digits and dashes"),
);

/** Checks a network or subnetwork given by name, path or link. */
export function checkNetworkName(kind: "networks" | "subnetworks"): Check {
    const link = new RegExp(`^(https://.+/)?projects/[^/]+/(global|regions/[^/]+)/${kind}/[^/]+$`);
    const must = `must be a name, or a path projects/<project>/.../${kind}/<name>`;
    return optional((value) => (RESOURCE_NAME.test(value) || link.test(value) ? undefined : must));
}

export const checkServiceAccount = optional(
    matches(SERVICE_ACCOUNT, "must be a service account's email, <name>@<project>.iam.gserviceaccount.com"),
);

export const checkKmsKey = optional(
    matches(
        /^projects\/[^/]+\/locations\/[a-z0-9-]+\/keyRings\/[\w-]+\/cryptoKeys\/[\w-]+$/,
        "must be a Cloud KMS key, projects/<project>/locations/<region>/keyRings/<ring>/cryptoKeys/<key>",
    ),
);

export const checkScope = matches(
    /^https:\/\/www\.googleapis\.com\/auth\/[a-z0-9._-]+$/,
    "must be a scope's URL, https://www.googleapis.com/auth/...",
);

export function checkResultsDir(value: string): Finding {
    const parts = value.split("/");
    const isInside =
        !/^[/~]|[\\:\0]/.test(value) && parts.every((part) => part !== "" && part !== "." && part !== "..");
    if (!isInside) {
        return "must be a folder inside the project, written with `/`, without `.` and `..`";
    }
    const isLong = parts.some((part) => Buffer.byteLength(part) > MAX_FILE_NAME);
    return isLong ? `must have at most ${MAX_FILE_NAME} bytes between slashes` : undefined;
}

export const checkMetricName = optional(
    matches(
        /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/,
        "must be a name in metrics.json that contains only letters, digits, `_`, `.` and `-`",
    ),
);

export const checkRunName = optional(
    matches(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,100}$/u, "must be at most 100 characters long and contain no line breaks"),
);

export const checkNotify = optional((value) =>
    isNotificationTarget(value)
        ? undefined
        : "must be an HTTPS URL, or a Pub/Sub topic projects/<project>/topics/<topic>",
);

/** https://cloud.google.com/compute/docs/labeling-resources#requirements */
export function checkLabel(name: string, value: string): Finding {
    if (!/^\p{Ll}[\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(name) || name.startsWith("goog-")) {
        return rename(
            "must have a name of at most 63 lowercase letters, digits, `_` and `-` that begins with a letter, but not with goog-",
        );
    }
    if (name === jobLabel || name === ownerLabel) {
        return rename("is reserved for the job; choose another name");
    }
    const fits = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value);
    return fits ? undefined : "must be at most 63 lowercase letters, digits, `_` and `-`";
}
