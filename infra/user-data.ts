import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { stringify } from "yaml";

/** How often and how patiently the boot script works; tests render small values. All in whole seconds. */
export interface BootTiming {
    /** How long after boot a 401 or 403 is taken for an IAM grant that is still on its way. @default 600 */
    grantSeconds: number;
    /** Between two writes of an unchanged status. @default 30 */
    heartbeatSeconds: number;
    /** Between two pieces of the log, at first. @default 5 */
    logSeconds: number;
    /** Between two pieces of the log, after `slowLogAfterSeconds`. @default 30 */
    slowLogSeconds: number;
    /** How long after the container's start pieces of the log become rarer. @default 600 */
    slowLogAfterSeconds: number;
    /** Between SIGTERM and SIGKILL when the container is stopped. @default 20 */
    stopGraceSeconds: number;
}

/** What one VM has to do, and within which times. */
export interface BootConfig {
    project: string;
    region: string;
    bucket: string;
    runId: string;
    /** `<registryUri>/trainer@sha256:...` */
    image: string;
    /** `gs://` URI of the dataset. */
    datasetUri: string;
    /** The trainer's arguments, `--name=value`, in the order in which it gets them. */
    args: string[];
    /** Extra environment of the container; the trainer contract's own variables win over it. */
    env: Record<string, string>;
    /** Longest time the container may run. */
    maxRunSeconds: number;
    /** Longest time of the image's pull. */
    pullSeconds: number;
    /** Longest time of the last uploads. */
    uploadSeconds: number;
    /** How long the VM stays up after `FAILED` or `TIMED_OUT`, to be looked at. */
    debugSeconds: number;
    /** Attempts of a run, the first included, until an interruption ends it; an attempt started by a person begins anew. */
    maxAttempts: number;
    privileged: boolean;
    gpuCount: number;
    timing?: Partial<BootTiming>;
}

const DEFAULT_TIMING: BootTiming = {
    grantSeconds: 600,
    heartbeatSeconds: 30,
    logSeconds: 5,
    slowLogSeconds: 30,
    slowLogAfterSeconds: 600,
    stopGraceSeconds: 20,
};

/** For the VM's own start, before systemd runs the unit. */
const BOOTING_SECONDS = 300;
/** For what the script does beside pulling and uploading: some requests, a `docker inspect`. */
const MARGIN_SECONDS = 60;
/** The driver's download and build: minutes, on a slow day more. */
const GPU_DRIVER_SECONDS = 900;

const BOOT_DIR = path.join(__dirname, "..", "boot");
const VM_DIR = "/etc/gcp-trainer";
const UNIT = "gcp-trainer.service";
const UNIT_DIR = "/etc/systemd/system";

/**
 * Renders the cloud-config that a Container-Optimized OS instance gets as `user-data`: unit, time limits, scripts and
 * the run's values. The same config gives the same text on every machine.
 * https://cloud.google.com/container-optimized-os/docs/how-to/create-configure-instance#using_cloud-init_with_the_cloud_config_format
 *
 * @throws Error when a value holds a NUL character, which neither an argument nor an environment variable can.
 */
export function renderUserData(config: BootConfig): string {
    const scripts = readdirSync(BOOT_DIR)
        .filter((file) => file.endsWith(".sh"))
        .sort();
    const cloudConfig = {
        write_files: [
            ...scripts.map((file) => plainFile(`${VM_DIR}/${file}`, readBootFile(file))),
            {
                path: `${VM_DIR}/config`,
                permissions: "0600",
                encoding: "b64",
                content: renderValues(config).toString("base64"),
            },
            plainFile(`${UNIT_DIR}/${UNIT}`, readBootFile(UNIT)),
            plainFile(`${UNIT_DIR}/${UNIT}.d/10-limits.conf`, renderLimits(config)),
        ],
        // COS keeps /etc in memory: all this is written and run again at every boot.
        runcmd: [
            ["systemctl", "daemon-reload"],
            ["systemctl", "start", "--no-block", UNIT],
        ],
    };
    return `#cloud-config\n${stringify(cloudConfig, { lineWidth: 0 })}`;
}

/** The longest time in seconds that a VM of this config can be up and bill: GCE's `maxRunDuration`. */
export function maxVmSeconds(config: BootConfig): number {
    const { startSeconds, runSeconds, stopSeconds } = unitLimits(config);
    return startSeconds + runSeconds + stopSeconds + BOOTING_SECONDS;
}

/** The unit's three limits, each of which ends one part of a boot. */
function unitLimits(config: BootConfig) {
    const { grantSeconds, stopGraceSeconds } = timingOf(config);
    const gpuSeconds = config.gpuCount > 0 ? GPU_DRIVER_SECONDS : 0;
    return {
        startSeconds: grantSeconds + gpuSeconds + config.pullSeconds + MARGIN_SECONDS,
        runSeconds: config.maxRunSeconds,
        stopSeconds: stopGraceSeconds + config.uploadSeconds + config.debugSeconds + MARGIN_SECONDS,
    };
}

function timingOf(config: BootConfig): BootTiming {
    return { ...DEFAULT_TIMING, ...config.timing };
}

function renderLimits(config: BootConfig): string {
    const { startSeconds, runSeconds, stopSeconds } = unitLimits(config);
    return [
        "[Service]",
        "# ExecStartPre: grants that are on their way, and the pull.",
        `TimeoutStartSec=${startSeconds}`,
        "# ExecStart: the training.",
        `RuntimeMaxSec=${runSeconds}`,
        "# ExecStopPost: the end of the container, the last uploads and the debug window.",
        `TimeoutStopSec=${stopSeconds}`,
        "",
    ].join("\n");
}

/** NUL-separated pairs of name and value, for bash's `read -d ''`: no value needs quoting, none is ever parsed. */
function renderValues(config: BootConfig): Buffer {
    const pairs: [string, string | number | boolean][] = [
        ["bucket", config.bucket],
        ["runId", config.runId],
        ["image", config.image],
        ["datasetUri", config.datasetUri],
        ["maxRunSeconds", config.maxRunSeconds],
        ["pullSeconds", config.pullSeconds],
        ["uploadSeconds", config.uploadSeconds],
        ["debugSeconds", config.debugSeconds],
        ["maxAttempts", config.maxAttempts],
        ["privileged", config.privileged],
        ["gpuCount", config.gpuCount],
        ...Object.entries(timingOf(config)),
        ...config.args.map((arg): [string, string] => ["arg", arg]),
        ...Object.entries(containerEnv(config)).map(([name, value]): [string, string] => ["env", `${name}=${value}`]),
    ];
    return Buffer.from(pairs.map(([name, value]) => `${name}\0${withoutNul(name, String(value))}\0`).join(""));
}

/** Vertex AI's contract: https://cloud.google.com/vertex-ai/docs/training/code-requirements#environment-variables */
function containerEnv(config: BootConfig): Record<string, string> {
    const run = `gs://${config.bucket}/runs/${config.runId}`;
    const format = /\.(csv|jsonl)$/i.exec(config.datasetUri)?.[1]?.toLowerCase();
    const extra = Object.entries(config.env).sort(([a], [b]) => (a < b ? -1 : 1));
    return {
        ...Object.fromEntries(extra),
        AIP_TRAINING_DATA_URI: config.datasetUri,
        ...(format !== undefined && { AIP_DATA_FORMAT: format }),
        AIP_MODEL_DIR: `${run}/model/`,
        AIP_CHECKPOINT_DIR: `${run}/checkpoints/`,
        AIP_TENSORBOARD_LOG_DIR: `${run}/logs/`,
        CLOUD_ML_PROJECT_ID: config.project,
        CLOUD_ML_REGION: config.region,
    };
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
