import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { canonicalJson } from "../run/canonical-json";
import { pointRun, runLayout } from "../run/layout";
import type { RunIdentity } from "./run-id";
import type { Hyperparameter } from "./training-job-args";

/** Intervals and waits in the boot script, in whole seconds. Tests use small values. */
export interface BootTiming {
    /** Time after boot during which a 401 or 403 suggests that IAM grants have not taken effect yet. @default 600 */
    grantSeconds: number;
    /** Interval at which an unchanged status is written again. @default 30 */
    heartbeatSeconds: number;
    /** Initial interval between two log chunks. @default 5 */
    logSeconds: number;
    /** Interval between two log chunks after `slowLogAfterSeconds`. @default 30 */
    slowLogSeconds: number;
    /** Time after the container starts at which log chunks become less frequent. @default 600 */
    slowLogAfterSeconds: number;
    /** Time between SIGTERM and SIGKILL when the container is stopped. @default 20 */
    stopGraceSeconds: number;
    /** Time limit for the network and Docker to become ready. @default 240 */
    readySeconds: number;
    /**
     * Uptime until which the VM does not power itself off. The gcp provider polls a new VM every 10 seconds until it is
     * RUNNING. It never accepts a VM that is off, so it would fail after 20 minutes. @default 90
     */
    minimumUptimeSeconds: number;
}

/** The task for a VM, with its time limits. */
export interface BootConfig {
    project: string;
    region: string;
    bucket: string;
    runId: string;
    /** `<registryUri>/trainer@sha256:...` */
    image: string;
    /** `gs://` URI of the dataset, which ends in a slash for a folder and contains a `*` for a pattern. */
    datasetUri: string;
    /** `gs://` URI of the list of generations to read. @default "" (a dataset without a list) */
    datasetList?: string;
    /**
     * `gs://` URI of the object that shows whether the dataset can be read: the first one in a folder. @default
     * datasetUri
     */
    datasetObject?: string;
    /** The trainer's arguments, `--name=value`, in order. */
    args: string[];
    /** Additional environment variables for the container. The variables in the trainer contract take precedence. */
    env: Record<string, string>;
    /** Full names of secret versions by variable name. The VM reads their values itself. */
    secretEnv?: Record<string, string>;
    /** Time limit for the container. */
    maxRunSeconds: number;
    /** Time limit for the image pull. */
    pullSeconds: number;
    /** Time limit for the last uploads. */
    uploadSeconds: number;
    /** Time for which the VM stays up for debugging after `FAILED` or `TIMED_OUT`. */
    debugSeconds: number;
    /**
     * Number of attempts, including the first, after which an interrupted run fails. The count is reset when a user
     * starts another attempt.
     */
    maxAttempts: number;
    privileged: boolean;
    /** Lets the container change every file in its image. */
    writableRoot: boolean;
    gpuCount: number;
    timing?: Partial<BootTiming>;
    /** The topic for the message about the finished run, and the message's details about the stack. */
    notification?: { topic: string; stack: string; runName: string } | undefined;
    /** Makes each task train one of these points instead of the run. */
    sweep?: BootSweep | undefined;
    /** Makes the task part of an array; its container writes to the array's model. */
    task?: { arrayId: string; index: number; count: number };
}

/** The points of a sweep, one for each task of a Batch job. */
export interface BootSweep {
    /** True for an array. Its points are identical tasks, and it ends as soon as one of them fails. */
    isArray?: boolean;
    points: readonly SweepPoint[];
    /** The number at the top level of each point's `metrics.json` by which the best point is chosen; `""` for none. */
    metric: string;
    goal: "maximize" | "minimize";
    /** Number of points that may fail without failing the sweep. */
    maxFailedTasks: number;
}

/** One point of a sweep. */
export interface SweepPoint {
    /** `p-` and ten hex digits; for a task of an array, its index. */
    id: string;
    /** The hyperparameters by which the points differ. */
    arguments: Readonly<Record<string, Hyperparameter>>;
    /** All of the trainer's arguments. */
    args: string[];
}

/** The parts of a task that limit how long its VM is on. */
type TimeLimits = Pick<
    BootConfig,
    "gpuCount" | "maxRunSeconds" | "pullSeconds" | "uploadSeconds" | "debugSeconds" | "timing"
>;

const DEFAULT_TIMING: BootTiming = {
    grantSeconds: 600,
    heartbeatSeconds: 30,
    logSeconds: 5,
    slowLogSeconds: 30,
    slowLogAfterSeconds: 600,
    stopGraceSeconds: 20,
    readySeconds: 240,
    minimumUptimeSeconds: 90,
};

/** Time for the VM itself to start, before systemd runs the unit. Includes `readySeconds`. */
const BOOTING_SECONDS = 300;
/** Time for the script's other work, such as a few requests and a `docker inspect`. */
const MARGIN_SECONDS = 60;
/** Time to download and build the GPU driver, which usually takes a few minutes. */
const GPU_DRIVER_SECONDS = 900;

const BOOT_DIR = path.join(__dirname, "..", "boot");
const VM_DIR = "/etc/gcp-trainer";
/** The scripts that take the place of systemd on a Batch VM. */
const BATCH_SCRIPTS = ["batch.sh", "sweep.sh"];
const UNIT = "gcp-trainer.service";
const READY = "gcp-trainer-ready.target";
const UNIT_DIR = "/etc/systemd/system";

/**
 * Renders the cloud-config that a Container-Optimized OS instance receives as `user-data`: the unit, its time limits,
 * the scripts and the run's values. The same config results in the same text on every machine.
 * https://cloud.google.com/container-optimized-os/docs/how-to/create-configure-instance#using_cloud-init_with_the_cloud_config_format
 *
 * @throws Error if a value contains a NUL character, which neither an argument nor an environment variable can hold
 */
export function renderUserData(config: BootConfig): string {
    const cloudConfig = {
        write_files: [
            ...scriptNames(config)
                .filter((file) => !BATCH_SCRIPTS.includes(file))
                .map((file) => plainFile(`${VM_DIR}/${file}`, readBootFile(file))),
            {
                path: `${VM_DIR}/config`,
                permissions: "0600",
                encoding: "b64",
                content: renderValues(valuesOf(config)).toString("base64"),
            },
            ...notificationFiles(config).map(([name, content]) => plainFile(`${VM_DIR}/${name}`, content.toString())),
            ...[READY, UNIT].map((unit) => plainFile(`${UNIT_DIR}/${unit}`, readBootFile(unit))),
            plainFile(
                `${UNIT_DIR}/${READY}.d/10-limits.conf`,
                `[Unit]\nJobTimeoutSec=${timingOf(config).readySeconds}\n`,
            ),
            plainFile(`${UNIT_DIR}/${UNIT}.d/10-limits.conf`, renderLimits(config)),
        ],
        // COS keeps /etc in memory, so cloud-init writes and runs all of this at every boot.
        runcmd: [
            ["systemctl", "daemon-reload"],
            ["systemctl", "start", "--no-block", UNIT],
        ],
    };
    return `#cloud-config\n${stringify(cloudConfig, { lineWidth: 0 })}`;
}

/**
 * The scripts for a task of a Batch job, and the file `config` with the run's values. In a sweep or an array,
 * `config` lacks the values of the point, and the file `points` has a line for each point. Only an array has the file
 * `array`.
 */
export function bootFiles(config: BootConfig): [name: string, content: Buffer][] {
    const { sweep } = config;
    const timed = { ...config, timing: { ...config.timing, minimumUptimeSeconds: 0 } };
    const scripts = [
        ...scriptNames(config).map((file): [string, Buffer] => [file, Buffer.from(readBootFile(file))]),
        ...notificationFiles(config),
    ];
    if (sweep === undefined) {
        return [...scripts, ["config", renderValues(valuesOf(timed))]];
    }
    const names = [...new Set(sweep.points.flatMap((point) => Object.keys(point.arguments)))];
    const shared = [
        ...valuesOf(timed).filter((value) => !isOfPoint(value)),
        ["sweepId", config.runId] as const,
        ["sweepMetric", sweep.metric] as const,
        ["sweepGoal", sweep.goal] as const,
        ["sweepColumns", names.map((name) => `${csvCell(name)},`).join("")] as const,
        ["maxFailedTasks", sweep.maxFailedTasks] as const,
    ];
    const count = sweep.points.length;
    const lines = sweep.points.map(({ id, args, arguments: given }, index) => {
        const task = sweep.isArray ? { task: { arrayId: config.runId, index, count } } : {};
        const own = valuesOf({ ...timed, runId: pointRun(config.runId, id), args, ...task }).filter(isOfPoint);
        const cells = names.map((name) => `${csvCell(given[name] ?? "")},`).join("");
        return `${[id, renderValues(own).toString("base64"), JSON.stringify(given), cells].join("\t")}\n`;
    });
    const marks: [string, Buffer][] = sweep.isArray ? [["array", Buffer.from("")]] : [];
    return [...scripts, ["config", renderValues(shared)], ["points", Buffer.from(lines.join(""))], ...marks];
}

/** A cell of a CSV file, on one line. */
function csvCell(value: Hyperparameter): string {
    const isPlain = typeof value !== "object" && !/[\t\r\n]/.test(String(value));
    const text = isPlain ? String(value) : JSON.stringify(value);
    return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function scriptNames({ notification }: BootConfig): string[] {
    return readdirSync(BOOT_DIR)
        .filter((file) => file.endsWith(".sh") && (notification || file !== "notify.sh"))
        .sort();
}

/** The file that the script reads: the topic, and the beginning of the message, which the script completes. */
function notificationFiles({ notification, bucket }: BootConfig): [name: string, content: Buffer][] {
    const { topic, stack, runName } = notification ?? {};
    const start = JSON.stringify({ stack, ...(runName ? { runName } : {}), bucket }).slice(0, -1);
    return topic === undefined ? [] : [["notification", Buffer.from(`${topic}\n${start}\n`)]];
}

/** The longest time that a VM with this config can be up and billed, which is Compute Engine's `maxRunDuration`. */
export function maxVmSeconds(config: TimeLimits): number {
    const { startSeconds, runSeconds, stopSeconds } = unitLimits(config);
    return startSeconds + runSeconds + stopSeconds + BOOTING_SECONDS;
}

/** The three time limits, one for each part of a boot. */
export function unitLimits(config: TimeLimits) {
    const { grantSeconds, stopGraceSeconds } = timingOf(config);
    const gpuSeconds = config.gpuCount > 0 ? GPU_DRIVER_SECONDS : 0;
    return {
        startSeconds: grantSeconds + gpuSeconds + config.pullSeconds + MARGIN_SECONDS,
        runSeconds: config.maxRunSeconds,
        stopSeconds: stopGraceSeconds + config.uploadSeconds + config.debugSeconds + MARGIN_SECONDS,
    };
}

export function timingOf(config: Pick<BootConfig, "timing">): BootTiming {
    return { ...DEFAULT_TIMING, ...config.timing };
}

function renderLimits(config: BootConfig): string {
    const { startSeconds, runSeconds, stopSeconds } = unitLimits(config);
    return [
        "[Service]",
        "# ExecStartPre: waiting for grants, and pulling the image.",
        `TimeoutStartSec=${startSeconds}`,
        "# ExecStart: training.",
        `RuntimeMaxSec=${runSeconds}`,
        "# ExecStopPost: stopping the container, the last uploads and the debug window.",
        `TimeoutStopSec=${stopSeconds}`,
        "",
    ].join("\n");
}

type Value = readonly [name: string, value: string | number | boolean];

/** The values that the boot script reads. */
function valuesOf(config: BootConfig): Value[] {
    const { readySeconds, ...scriptTiming } = timingOf(config);
    return [
        ["bucket", config.bucket],
        ["runId", config.runId],
        ["image", config.image],
        ["datasetUri", config.datasetObject ?? config.datasetUri],
        ["maxRunSeconds", config.maxRunSeconds],
        ["pullSeconds", config.pullSeconds],
        ["uploadSeconds", config.uploadSeconds],
        ["debugSeconds", config.debugSeconds],
        ["maxAttempts", config.maxAttempts],
        ["privileged", config.privileged],
        ["writableRoot", config.writableRoot],
        ["gpuCount", config.gpuCount],
        ...Object.entries(scriptTiming),
        ...config.args.map((arg): Value => ["arg", arg]),
        ...Object.entries(containerEnv(config)).map(([name, value]): Value => ["env", `${name}=${value}`]),
        ...sorted(config.secretEnv ?? {}).map(([name, version]): Value => ["secret", `${name}=${version}`]),
    ];
}

/** True for a value that differs between the points of a sweep. */
function isOfPoint([name, value]: Value): boolean {
    const own = /^(AIP_(MODEL|CHECKPOINT|TENSORBOARD_LOG)_DIR|BATCH_TASK_(INDEX|COUNT))=/;
    return name === "runId" || name === "arg" || (name === "env" && own.test(String(value)));
}

/** NUL-separated names and values for bash's `read -d ''`, so that values never need quoting and are never parsed. */
function renderValues(values: readonly Value[]): Buffer {
    return Buffer.from(values.map(([name, value]) => `${name}\0${withoutNul(name, String(value))}\0`).join(""));
}

/**
 * The trainer's arguments, `--name=value`, sorted by name, with scalars as text, and lists and objects as JSON. They
 * include `target` and `dropColumns` if these are set.
 */
export function trainerArgs(identity: Pick<RunIdentity, "hyperparameters" | "target" | "dropColumns">): string[] {
    const values: Record<string, unknown> = {
        ...identity.hyperparameters,
        ...(identity.target === "" ? {} : { target: identity.target }),
        ...(identity.dropColumns.length === 0 ? {} : { dropColumns: identity.dropColumns }),
    };
    return Object.entries(values)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `--${name}=${typeof value === "object" ? canonicalJson(value) : String(value)}`);
}

/**
 * Environment variables: the additional ones, followed by those in Vertex AI's contract.
 * https://cloud.google.com/vertex-ai/docs/training/code-requirements#environment-variables
 */
function containerEnv(config: BootConfig): Record<string, string> {
    const at = runLayout(config.runId);
    const { task } = config;
    const uriOf = (name: string) => `gs://${config.bucket}/${name}`;
    const format = /\.(csv|jsonl)$/i.exec(config.datasetUri)?.[1]?.toLowerCase();
    return {
        // Without this variable, Python buffers its output until 8 KB have accumulated.
        PYTHONUNBUFFERED: "1",
        ...Object.fromEntries(sorted(config.env)),
        AIP_TRAINING_DATA_URI: config.datasetUri,
        ...(format !== undefined && { AIP_DATA_FORMAT: format }),
        ...(config.datasetList ? { GCP_TRAINER_DATASET_LIST: config.datasetList } : {}),
        ...(task ? { BATCH_TASK_INDEX: String(task.index), BATCH_TASK_COUNT: String(task.count) } : {}),
        AIP_MODEL_DIR: uriOf(task ? runLayout(task.arrayId).model : at.model),
        AIP_CHECKPOINT_DIR: uriOf(at.checkpoints),
        AIP_TENSORBOARD_LOG_DIR: uriOf(at.tensorboard),
        CLOUD_ML_PROJECT_ID: config.project,
        CLOUD_ML_REGION: config.region,
    };
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
    return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function withoutNul(name: string, value: string): string {
    if (value.includes("\0")) {
        throw new Error(`The VM's ${name} must not contain a NUL character; got ${JSON.stringify(value)}`);
    }
    return value;
}

function plainFile(path: string, content: string) {
    return { path, permissions: "0644", content };
}

function readBootFile(file: string): string {
    return readFileSync(path.join(BOOT_DIR, file), "utf8");
}
