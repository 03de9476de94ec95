import { TestEmulator } from "../../emulator/src/testing";
import { batchPlan } from "../../infra/batch-definition";
import { batchEngine } from "../../run/batch-engine";
import { deleteJobs } from "../../run/batch-jobs";
import { systemClock } from "../../run/clients";
import { createAuth, readCloudSettings } from "../../run/credentials";
import type { Engine } from "../../run/engine";
import { type GoogleApis, openCall, readEndpoints } from "../../run/google-api";
import { openBucket } from "../../run/google-bucket";
import { runLayout } from "../../run/layout";
import { waitForRun } from "../../run/wait";
import { ACCOUNT, Backend, BUCKET, PROJECT_ID } from "./helpers/backend";
import { EmulatedVm } from "./helpers/emulated-vm";
import { withShortLimits } from "./helpers/short-limits";
import { DATASET, RUN_ID } from "./helpers/vm";

// The real boot scripts, in jobs of the emulator's Batch, with the waiter's own client.
const REGION = "us-central1";
const PLACE = { project: PROJECT_ID, region: REGION, jobId: `iris-${RUN_ID}` };

/** A trainer that counts its starts in its checkpoint, and succeeds at the fourth. */
const COUNTING = `
const base = "http://" + process.env.GCE_METADATA_HOST + "/computeMetadata/v1/";
const storage = process.env.STORAGE_EMULATOR_HOST;
const split = (uri) => /^gs:\\/\\/([^/]+)\\/(.*)$/.exec(uri).slice(1);
async function main() {
    const answer = await fetch(base + "instance/service-accounts/default/token", { headers: { "Metadata-Flavor": "Google" } });
    const authorization = "Bearer " + (await answer.json()).access_token;
    const put = (uri, name, body) => {
        const [bucket, prefix] = split(uri);
        const query = "uploadType=media&name=" + encodeURIComponent(prefix + name);
        return fetch(storage + "/upload/storage/v1/b/" + bucket + "/o?" + query, { method: "POST", headers: { authorization }, body });
    };
    const [bucket, prefix] = split(process.env.AIP_CHECKPOINT_DIR);
    const found = await fetch(storage + "/storage/v1/b/" + bucket + "/o/" + encodeURIComponent(prefix + "count") + "?alt=media", { headers: { authorization } });
    const count = (found.ok ? Number(await found.text()) : 0) + 1;
    await put(process.env.AIP_CHECKPOINT_DIR, "count", String(count));
    console.log("start " + count);
    if (count < 4) {
        setInterval(() => undefined, 1000);
        return;
    }
    await put(process.env.AIP_MODEL_DIR, "model.json", JSON.stringify({ count }));
}
main();
`;

interface Scene {
    vm: EmulatedVm;
    emulator: TestEmulator;
    apis: GoogleApis;
    engine: Engine;
    /** Waits for the run as `pulumi up` does, and returns the lines that it prints. */
    wait: () => Promise<string[]>;
}

async function withJob(trainer: string, maxAttempts: number, test: (scene: Scene) => Promise<void>): Promise<void> {
    const emulator = await TestEmulator.start({ runtime: "process", batch: { tickMs: 30, preemptionMs: 8000 } });
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
            ...withShortLimits({ maxAttempts }),
        };
        const plan = batchPlan(boot, {
            project: PROJECT_ID,
            region: REGION,
            zones: [],
            parallelism: 10,
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
        const config: Record<string, string> = {
            "gcp:accessToken": "developer",
            "gcp:storageCustomEndpoint": `${emulator.url}/storage/v1/`,
            "batch:customEndpoint": `${emulator.url}/batch/v1/`,
        };
        const settings = readCloudSettings((key) => config[key], {});
        const auth = await createAuth(settings);
        const { now, sleep } = systemClock();
        const clock = { now, sleep: (ms: number) => sleep(ms / 10) };
        const apis = {
            call: openCall(auth, clock),
            endpoints: readEndpoints((key) => config[key], {}, settings),
            clock,
        };
        const options = { ...PLACE, runId: RUN_ID, definition: plan.definition, spotFallback: "none" };
        const engine = batchEngine(apis, options);
        const wait = async () => {
            const lines: string[] = [];
            const bucket = openBucket(BUCKET, settings, auth, clock);
            const context = {
                bucket,
                clock,
                engine: batchEngine(apis, options),
                print: (line: string) => lines.push(line),
            };
            await waitForRun(context, { runId: RUN_ID, wait: true, maxAttempts });
            return lines;
        };
        await test({ vm, emulator, apis, engine, wait });
    });
}

/** The names of the instances in all zones. */
async function instances(emulator: TestEmulator): Promise<string[]> {
    const { items } = await emulator.ok("GET", `/compute/v1/projects/${PROJECT_ID}/aggregated/instances`);
    const scopes = Object.values((items ?? {}) as Record<string, { instances?: { selfLink: string }[] }>);
    return scopes.flatMap((scope) =>
        (scope.instances ?? []).map(({ selfLink }) => selfLink.replace(/^.*\/(?=projects\/)/, "")),
    );
}

async function until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) {
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

describe("a run in the emulator's Batch", () => {
    it("that is preempted three times while nobody waits succeeds, from its checkpoint", async () => {
        await withJob(COUNTING, 4, async ({ vm, emulator, apis, engine, wait }) => {
            await engine.start(4);
            for (const attempt of [1, 2, 3]) {
                await until(async () => {
                    const status = await vm.status();
                    const count = await vm.backend.bucket.get(`${runLayout(RUN_ID).checkpoints}count`);
                    return status?.state === "RUNNING" && status.attempt === attempt && count === String(attempt);
                });
                const [instance = ""] = await instances(emulator);
                await vm.backend.post(`/emulator/v1/${instance}:preempt`);
            }
            await until(async () => (await vm.status())?.state === "SUCCEEDED");

            expect(await vm.status()).toMatchObject({ attempt: 4, interruptions: 3, exitCode: 0 });
            expect(await vm.backend.bucket.get(`${runLayout(RUN_ID).model}model.json`)).toBe('{"count":4}');
            await until(async () => (await engine.state()).phase === "ended");
            expect(await instances(emulator)).toEqual([]);
            expect((await wait()).at(-1)).toMatch(/attempt 4: succeeded/);
            expect(
                (await apis.call("GET", `${apis.endpoints.batch}projects/${PROJECT_ID}/locations/${REGION}/jobs`))
                    ?.jobs,
            ).toHaveLength(1);
        });
    });

    it("is followed by another job if it failed, and its jobs can be deleted while they run", async () => {
        const trainer = "console.log('begun'); setTimeout(() => process.exit(3), 200);";
        await withJob(trainer, 3, async ({ vm, emulator, apis, engine, wait }) => {
            await engine.start(3);
            await expect(wait()).rejects.toThrow("attempt 1, failed: The trainer failed (exit code 3)");
            await vm.pushTrainer("console.log('again'); setInterval(() => undefined, 1000);");
            const waiting = wait();
            waiting.catch(() => undefined);
            await until(async () => (await vm.status())?.state === "RUNNING" && (await vm.status())?.attempt === 2);
            const jobs = (
                await apis.call("GET", `${apis.endpoints.batch}projects/${PROJECT_ID}/locations/${REGION}/jobs`)
            )?.jobs;
            expect(jobs).toHaveLength(2);

            const status = await vm.status();
            await vm.backend.bucket.put(
                runLayout(RUN_ID).status,
                JSON.stringify({ ...status, state: "FAILED", reason: "cancelled" }),
            );
            await expect(waiting).rejects.toThrow("cancelled");
            await deleteJobs(apis, PLACE);

            expect(await instances(emulator)).toEqual([]);
        });
    });
});
