import type { EmulatorOptions } from "../../../emulator/src";
import { TestEmulator } from "../../../emulator/src/testing";
import { batchPlan } from "../../../infra/batch-definition";
import type { BootConfig } from "../../../infra/user-data";
import { batchEngine } from "../../../run/batch-engine";
import type { BatchJobInputs } from "../../../run/batch-job-provider";
import { type BucketClient, type Clock, systemClock } from "../../../run/clients";
import { type CloudSettings, createAuth, readCloudSettings } from "../../../run/credentials";
import type { Engine } from "../../../run/engine";
import { type GoogleApis, openCall, readEndpoints } from "../../../run/google-api";
import { openBucket } from "../../../run/google-bucket";
import type { RunStatus } from "../../../run/status";
import { undecidedPoints } from "../../../run/sweep-rows";
import { waitForRun } from "../../../run/wait";
import { ACCOUNT, Backend, BUCKET, PROJECT_ID } from "./backend";
import { EmulatedVm, type Trainer } from "./emulated-vm";
import { withShortLimits } from "./short-limits";
import { DATASET, RUN_ID } from "./vm";

const REGION = "us-central1";
export const PLACE = { project: PROJECT_ID, region: REGION, jobId: `iris-${RUN_ID}` };

/** A job in the emulator's Batch, and the waiter that follows it. */
export interface JobScene {
    vm: EmulatedVm;
    emulator: TestEmulator;
    apis: GoogleApis;
    bucket: BucketClient;
    clock: Clock;
    speed: number;
    /** A value from the stack's config. */
    setting: (key: string) => string | undefined;
    settings: CloudSettings;
    /** The state of the resource that creates the job. */
    inputs: BatchJobInputs;
    engine: Engine;
    /** Waits for the run as `pulumi up` does, and returns its status. */
    wait: (print: (line: string) => void, clock?: Clock) => Promise<RunStatus>;
}

export interface JobOptions {
    trainer: Trainer;
    config?: Partial<BootConfig>;
    parallelism?: number;
    batch?: EmulatorOptions["batch"];
    log?: EmulatorOptions["log"];
    /** The factor by which the waiter's clock is faster than this machine's. @default 10 */
    speed?: number;
}

/** Declares what a job needs, and runs `test`, which starts the job. */
export async function withJob(options: JobOptions, test: (scene: JobScene) => Promise<void>): Promise<void> {
    const { trainer, config = {}, parallelism = 10, batch, log, speed = 10 } = options;
    const { maxAttempts = 3, sweep } = config;
    const emulator = await TestEmulator.start({
        runtime: "process",
        batch: { tickMs: 30, preemptionMs: 8000, ...batch },
        ...(log ? { log } : {}),
    });
    await EmulatedVm.on(await Backend.on(emulator), async (vm) => {
        const members = [`serviceAccount:${ACCOUNT}`];
        const bindings = ["roles/batch.agentReporter", "roles/logging.logWriter"].map((role) => ({ role, members }));
        await vm.backend.post(`/v1/projects/${PROJECT_ID}:setIamPolicy`, { policy: { bindings } });
        const compute = `/compute/v1/projects/${PROJECT_ID}`;
        await vm.backend.post(`${compute}/global/networks`, { name: "training", autoCreateSubnetworks: false });
        await vm.backend.post(`${compute}/regions/${REGION}/subnetworks`, {
            name: "training",
            network: "global/networks/training",
            ipCidrRange: "10.0.0.0/24",
            privateIpGoogleAccess: true,
        });
        const boot = {
            project: PROJECT_ID,
            region: REGION,
            bucket: BUCKET,
            runId: RUN_ID,
            image: await vm.pushTrainer(trainer),
            datasetUri: `gs://${BUCKET}/${DATASET}`,
            args: [],
            ...withShortLimits(config),
        };
        const plan = batchPlan(boot, {
            project: PROJECT_ID,
            region: REGION,
            zones: [],
            parallelism,
            machineType: "e2-standard-2",
            bootDiskSizeGb: 30,
            bootDiskType: "",
            spot: true,
            gpuType: "",
            gpuCount: 0,
            network: "training",
            subnetwork: "training",
            externalIp: false,
            serviceAccount: ACCOUNT,
            labels: { "gcp-trainer-owner": "owner" },
        });
        await vm.backend.bucket.put(plan.bundleName, plan.bundle);
        const keys: Record<string, string> = {
            "gcp:accessToken": "developer",
            "gcp:storageCustomEndpoint": `${emulator.url}/storage/v1/`,
            "batch:customEndpoint": `${emulator.url}/batch/v1/`,
        };
        const setting = (key: string) => keys[key];
        const settings = readCloudSettings(setting, {});
        const auth = await createAuth(settings);
        const { now, sleep } = systemClock();
        const clock = { now, sleep: (ms: number) => sleep(ms / speed) };
        const apis = {
            call: openCall(auth, clock),
            endpoints: readEndpoints(setting, {}, settings),
            clock,
        };
        const bucket = openBucket(BUCKET, settings, auth, clock);
        const engineOptions = {
            ...PLACE,
            runId: RUN_ID,
            definition: plan.definition,
            spotFallback: "none",
            maxAttempts,
            undecided: sweep && (() => undecidedPoints(bucket, RUN_ID, sweep.points.length)),
        };
        const engine = batchEngine(apis, engineOptions);
        const wait: JobScene["wait"] = (print, waiterClock = clock) =>
            waitForRun(
                { bucket, clock: waiterClock, engine: batchEngine(apis, engineOptions), print },
                {
                    runId: RUN_ID,
                    wait: true,
                    maxAttempts,
                    sweep: sweep && { ...sweep, count: sweep.points.length },
                },
            );
        const inputs: BatchJobInputs = {
            ...{ ...PLACE, bucket: BUCKET, runId: RUN_ID, maxAttempts, spotFallback: "none" },
            ...{ definition: plan.definition, bundleName: plan.bundleName, bundle: plan.bundle },
        };
        await test({ vm, emulator, apis, bucket, clock, speed, setting, settings, inputs, engine, wait });
    });
}

/** The names of the instances in all zones. */
export async function instancesOf(emulator: TestEmulator): Promise<string[]> {
    const { items } = await emulator.ok("GET", `/compute/v1/projects/${PROJECT_ID}/aggregated/instances`);
    const scopes = Object.values((items ?? {}) as Record<string, { instances?: { selfLink: string }[] }>);
    return scopes.flatMap((scope) =>
        (scope.instances ?? []).map(({ selfLink }) => selfLink.replace(/^.*\/(?=projects\/)/, "")),
    );
}
