import { createHash } from "node:crypto";
import type { BatchJobDefinition } from "../run/batch-jobs";
import { runLayout } from "../run/layout";
import { defaultBootDiskType } from "./machine-types";
import { type BootConfig, bootFiles, maxVmSeconds, timingOf, unitLimits } from "./user-data";

/** The image for the VMs of a Batch job, which is based on Container-Optimized OS and has Batch's agent. */
const BATCH_IMAGE = "batch-cos";
/** The size of Batch's image in GB. */
const MIN_BOOT_DISK_GB = 30;

/** The location and the machines of a job's tasks. */
export interface BatchMachine {
    project: string;
    region: string;
    /** Zones in the region; empty for all of them. */
    zones: readonly string[];
    machineType: string;
    bootDiskSizeGb: number;
    bootDiskType: string;
    spot: boolean;
    gpuType: string;
    gpuCount: number;
    network: string;
    subnetwork: string;
    externalIp: boolean;
    serviceAccount: string;
    /** Maximum number of VMs at once. */
    parallelism: number;
    /** Labels for the job. */
    labels: Readonly<Record<string, string>>;
}

/** A job for one run, and the file that its tasks download. */
export interface BatchPlan {
    definition: BatchJobDefinition;
    /** Name of the object with the scripts and the run's values. */
    bundleName: string;
    /** The object's content: a bash script that writes the files and starts a task. */
    bundle: string;
}

/**
 * Plans the Batch job for a run. Its tasks run the same scripts as a VM, but download them from the bucket, so that the
 * job's definition stays short. The definition contains a hash of the scripts, so nothing else can be run.
 */
export function batchPlan(boot: BootConfig, machine: BatchMachine): BatchPlan {
    const bundle = renderBundle(boot);
    const hash = createHash("sha256").update(bundle).digest("hex");
    const bundleName = `${runLayout(boot.runId).plan}${hash.slice(0, 16)}.sh`;
    return { bundleName, bundle, definition: renderDefinition(boot, machine, renderScript(boot, bundleName, hash)) };
}

/** The number of tasks in a job for a whole run, and the number that run at once. */
function tasksOf({ sweep }: BootConfig, parallelism: number): { count: number; parallelism: number } {
    const count = sweep?.points.length ?? 1;
    return { count, parallelism: Math.min(parallelism, count) };
}

/** The script's variables, which a sweep's job replaces if it trains only some points. */
function environmentOf({ sweep, runId }: BootConfig): object {
    return sweep === undefined
        ? {}
        : { environment: { variables: { SWEEP_JOB: runId, SWEEP_POINTS: `0-${sweep.points.length - 1}` } } };
}

function renderDefinition(boot: BootConfig, machine: BatchMachine, text: string): BatchJobDefinition {
    const { project, region, gpuType, gpuCount } = machine;
    const run = { run: boot.runId };
    const tasks = tasksOf(boot, machine.parallelism);
    return {
        taskGroups: [
            {
                taskSpec: {
                    runnables: [{ displayName: "trainer", script: { text }, ...environmentOf(boot) }],
                    // These determine only how many tasks share a VM, which `taskCountPerNode` limits to one.
                    computeResource: { cpuMilli: "1000", memoryMib: "512" },
                    maxRunDuration: `${maxVmSeconds(boot)}s`,
                },
                taskCount: String(tasks.count),
                parallelism: String(tasks.parallelism),
                taskCountPerNode: "1",
            },
        ],
        allocationPolicy: {
            location: {
                allowedLocations:
                    machine.zones.length === 0 ? [`regions/${region}`] : machine.zones.map((zone) => `zones/${zone}`),
            },
            instances: [
                {
                    installGpuDrivers: gpuCount > 0,
                    blockProjectSshKeys: true,
                    policy: {
                        machineType: machine.machineType,
                        provisioningModel: machine.spot ? "SPOT" : "STANDARD",
                        ...(gpuCount > 0 ? { accelerators: [{ type: gpuType, count: String(gpuCount) }] } : {}),
                        bootDisk: {
                            image: BATCH_IMAGE,
                            type: machine.bootDiskType || defaultBootDiskType(machine.machineType),
                            sizeGb: String(Math.max(machine.bootDiskSizeGb, MIN_BOOT_DISK_GB)),
                        },
                    },
                },
            ],
            serviceAccount: { email: machine.serviceAccount },
            network: {
                networkInterfaces: [
                    {
                        network: pathOf(machine.network, `projects/${project}/global/networks`),
                        subnetwork: pathOf(machine.subnetwork, `projects/${project}/regions/${region}/subnetworks`),
                        noExternalIpAddress: !machine.externalIp,
                    },
                ],
            },
            // The owner's label is left out, because the VMs belong to Batch, which would replace one that is deleted.
            labels: run,
        },
        labels: { ...machine.labels, ...run },
        logsPolicy: { destination: "CLOUD_LOGGING" },
    };
}

/** The path of a network or subnetwork given by name, path or URL; Batch accepts only paths. */
function pathOf(reference: string, collection: string): string {
    return /projects\/.*$/.exec(reference)?.[0] ?? `${collection}/${reference}`;
}

/** The script in the job's definition, which downloads the bundle and runs it if its hash matches. */
function renderScript(boot: BootConfig, bundleName: string, hash: string): string {
    const { bucket, runId } = boot;
    return `#!/bin/bash
# Runs one task of ${runId}: downloads the scripts of its stack, checks their hash, and starts them.
# The emulator's VMs set the variables that begin with EMULATOR, STORAGE_EMULATOR and GCE_METADATA.
set -u -o pipefail
export LC_ALL=C
umask 077
task=gcp-trainer-\${BATCH_TASK_INDEX:-0}-\${BATCH_TASK_RETRY_ATTEMPT:-0}
root=\${EMULATOR_VM_DIR:-}
# The files of the script are in memory, so that a full disk cannot keep it from reporting. The log is on the disk.
export RUNTIME_DIRECTORY=$root/run/$task STATE_DIRECTORY=$root/var/lib/$task
scripts=$root/var/lib/$task-scripts
rm -rf "$RUNTIME_DIRECTORY" "$STATE_DIRECTORY" "$scripts"
mkdir -p "$RUNTIME_DIRECTORY" "$STATE_DIRECTORY" "$scripts" || exit 75
metadata=http://\${GCE_METADATA_HOST:-169.254.169.254}/computeMetadata/v1
storage=\${STORAGE_EMULATOR_HOST:-https://storage.googleapis.com}

download() {
    curl --silent --show-error --fail --max-time 30 --header 'Metadata-Flavor: Google' \\
        --output "$RUNTIME_DIRECTORY/token" "$metadata/instance/service-accounts/default/token" || return
    sed -n 's/.*"access_token" *: *"\\([^"]*\\)".*/Authorization: Bearer \\1/p' \\
        "$RUNTIME_DIRECTORY/token" >"$RUNTIME_DIRECTORY/header"
    curl --silent --show-error --fail --max-time 300 --header "@$RUNTIME_DIRECTORY/header" \\
        --output "$scripts/bundle" \\
        "\${storage%/}/storage/v1/b/${bucket}/o/${encodeURIComponent(bundleName)}?alt=media" || return
    set -- $(sha256sum "$scripts/bundle" 2>/dev/null || shasum -a 256 "$scripts/bundle")
    [ "\${1:-}" = ${hash} ]
}

deadline=$(($(date +%s) + ${timingOf(boot).grantSeconds}))
until download; do
    if [ "$(date +%s)" -ge "$deadline" ]; then
        echo "gcp-trainer: gs://${bucket}/${bundleName} could not be read, or its SHA-256 is not ${hash}"
        exit 75
    fi
    sleep 5
done
exec bash "$scripts/bundle" "$scripts"
`;
}

/** A bash script that writes the scripts, the run's values and the time limits to a folder, and starts a task there. */
function renderBundle(boot: BootConfig): string {
    const { startSeconds, runSeconds, stopSeconds } = unitLimits(boot);
    const limits = Buffer.from(`${startSeconds} ${runSeconds} ${stopSeconds}\n`);
    const files: [name: string, content: Buffer][] = [...bootFiles(boot), ["limits", limits]];
    // The lines for the points need no encoding; it would double the size of the bundle.
    const writes = files.map(([name, content]) =>
        name === "points"
            ? `cat >${name} <<'END'\n${content.toString()}END\n`
            : `base64 -d >${name} <<'END'\n${wrapped(content)}\nEND\n`,
    );
    return `cd "$1" || exit 75\n${writes.join("")}exec bash batch.sh\n`;
}

function wrapped(content: Buffer): string {
    return content
        .toString("base64")
        .replace(/.{1,76}/g, "$&\n")
        .trimEnd();
}
