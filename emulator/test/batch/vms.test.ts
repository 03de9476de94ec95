import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { BatchFaults, FaultPlan, parseBatchFault, parseFaultRule } from "../../src";
import { TestEmulator } from "../../src/testing";
import { ACCOUNT, grant, inOrder, type JobJson, jobBody, PROJECT_ID, prepare, REGION, TestJob } from "./support";

const RETRY = {
    maxRetryCount: 3,
    lifecyclePolicies: [{ action: "RETRY_TASK", actionCondition: { exitCodes: [50001, 50002, 75] } }],
};
const HOSTNAME = 'curl -s -H Metadata-Flavor:Google "http://$GCE_METADATA_HOST/computeMetadata/v1/instance/name"';

let emulator: TestEmulator;

/** Starts an emulator for one test. */
async function start(options: Parameters<typeof TestEmulator.start>[0], range?: string): Promise<void> {
    emulator = await TestEmulator.start({ batch: { tickMs: 30, maxVms: 4 }, ...options });
    await prepare(emulator, range);
}
afterEach(() => emulator.stop());

/** Returns true if some process is sleeping for this number of seconds, which no other program uses. */
function sleeps(seconds: string): boolean {
    const commands = execFileSync("ps", ["-Ao", "args="], { encoding: "utf8" }).split("\n");
    return commands.some((command) => command.trim() === `sleep ${seconds}`);
}

function counts({ status }: JobJson) {
    return [status.state, status.taskGroups?.group0?.counts];
}

describe("the VMs of a job", () => {
    it("run one task after another, and never exceed the parallelism", async () => {
        await start({});
        const script = `echo "$(${HOSTNAME}) $BATCH_TASK_INDEX"`;
        const job = await TestJob.create(emulator, "reuse", jobBody(script, { taskCount: 9, parallelism: 2 }));
        expect(counts(await job.end())).toEqual(["SUCCEEDED", { SUCCEEDED: "9" }]);
        const lines = (await job.lines()).map((line) => line.split(" "));
        expect(new Set(lines.map(([, index]) => index)).size).toBe(9);
        expect(new Set(lines.map(([vm]) => vm)).size).toBeLessThanOrEqual(2);
    });

    it("are limited by the number of addresses in the subnetwork", async () => {
        // A /29 has 8 addresses, of which Google reserves 4.
        await start({ batch: { tickMs: 30, maxVms: 12 } }, "10.1.0.0/29");
        const job = await TestJob.create(emulator, "narrow", jobBody("sleep 0.3", { taskCount: 12, parallelism: 12 }));
        let most = 0;
        while (!["SUCCEEDED", "FAILED"].includes(await job.state())) {
            const vms = (await emulator.inventory()).filter(({ kind }) => kind === "instance").length;
            most = Math.max(most, vms);
        }
        expect(await job.state()).toBe("SUCCEEDED");
        expect(most).toBeLessThanOrEqual(4);
    });

    it("wait for quota, and avoid zones without capacity", async () => {
        const stockOuts = ["us-central1-a", "us-central1-b"];
        await start({ org: { constraints: {}, quotas: { CPUS: 2 }, stockOuts } });
        const job = await TestJob.create(emulator, "quota", jobBody("true", { taskCount: 4 }));
        expect(counts(await job.end())).toEqual(["SUCCEEDED", { SUCCEEDED: "4" }]);
        const texts = (await job.tasks()).flatMap(({ status }) => inOrder(status.statusEvents)[1]?.description);
        expect(texts.join()).toMatch(/zones\/us-central1-c\/instances/);
        expect(texts.join()).not.toMatch(/us-central1-[ab]/);
    });

    it("cause the job to fail without tasks if the quota is never sufficient", async () => {
        const batch = { tickMs: 10, queueTicks: 3 };
        await start({ batch, org: { constraints: {}, quotas: { CPUS: 1 }, stockOuts: [] } });
        const job = await TestJob.create(emulator, "never", jobBody("true", { taskCount: 2 }));
        expect((await job.end()).status.state).toBe("FAILED");
        expect((await job.events())[1]).toMatch(
            /^VM in Managed Instance Group meets error: Batch Error: code - CODE_GCE_QUOTA_EXCEEDED, description - error count is \d+, latest message example: Instance 'never-\S+' creation failed: Quota 'CPUS' exceeded\. {2}Limit: 1\.0 in region us-central1\.$/,
        );
        expect(await job.tasks()).toEqual([]);
    });

    it("cannot be created in violation of an organization's policy", async () => {
        const constraints = { "compute.trustedImageProjects": ["projects/cos-cloud"] };
        await start({ org: { constraints, quotas: {}, stockOuts: [] } });
        const job = await TestJob.create(emulator, "image", jobBody("true"));
        expect((await job.end()).status.state).toBe("FAILED");
        expect((await job.events())[1]).toMatch(
            /^Instance image-\S+ creation failed: Constraint constraints\/compute\.trustedImageProjects violated for project demo-project\. Use of images from project batch-custom-image is prohibited\.$/,
        );
    });

    it("act as the job's account with the cloud-platform scope", async () => {
        await start({});
        await emulator.makeBucket("results");
        const members = [`serviceAccount:${ACCOUNT}`];
        await emulator.ok("PUT", "/storage/v1/b/results/iam", {
            body: { bindings: [{ role: "roles/storage.objectAdmin", members }] },
        });
        const script = `${HOSTNAME.replace("instance/name", "instance/service-accounts/default/scopes")}
            curl -s -f -X POST --data hello "$STORAGE_EMULATOR_HOST/upload/storage/v1/b/results/o?uploadType=media&name=a" >/dev/null`;
        const job = await TestJob.create(emulator, "account", jobBody(script));
        expect((await job.end()).status.state).toBe("SUCCEEDED");
        expect(await job.lines()).toEqual(["https://www.googleapis.com/auth/cloud-platform"]);
        expect(await emulator.bucket("results").get("a")).toBe("hello");
    });

    it("have no agent without roles/batch.agentReporter, and no logs without roles/logging.logWriter", async () => {
        await start({});
        await grant(emulator, "roles/batch.agentReporter");
        const silent = await TestJob.create(emulator, "silent", jobBody("echo lost"));
        expect((await silent.end()).status.state).toBe("SUCCEEDED");
        expect(await silent.lines()).toEqual([]);
        await grant(emulator, "roles/logging.logWriter");
        const mute = await TestJob.create(emulator, "mute", jobBody("true"));
        expect((await mute.end()).status.state).toBe("FAILED");
        expect((await mute.events())[1]).toMatch(/^No VM has agent reporting correctly/);
    });

    it("have an agent once a late grant takes effect", async () => {
        await start({ grantDelayMs: 700 });
        const job = await TestJob.create(emulator, "late", jobBody("true"));
        expect((await job.end()).status.state).toBe("SUCCEEDED");
    });

    it("have no agent in a subnetwork without Private Google Access, unless they have an external address", async () => {
        await start({});
        const subnetwork = `/compute/v1/projects/${PROJECT_ID}/regions/${REGION}/subnetworks/sub`;
        await emulator.ok("POST", `${subnetwork}/setPrivateIpGoogleAccess`, { body: { privateIpGoogleAccess: false } });
        const cut = await TestJob.create(emulator, "cut-off", jobBody("true"));
        const open = await TestJob.create(emulator, "open", jobBody("true", { nic: { noExternalIpAddress: false } }));
        expect([(await cut.end()).status.state, (await open.end()).status.state]).toEqual(["FAILED", "SUCCEEDED"]);
    });
});

describe("a repeated request", () => {
    it("creates no second job after a lost response, and succeeds after a 502", async () => {
        const rules = [
            "kind=reset-after,method=POST,path=jobId=broken",
            "kind=status,status=502,method=GET,path=/jobs/broken",
        ];
        await start({ faults: new FaultPlan(rules.map(parseFaultRule)) });
        const target = `/batch/v1/projects/${PROJECT_ID}/locations/${REGION}/jobs`;
        const create = () => emulator.call("POST", `${target}?jobId=broken`, { body: jobBody("true") });
        await expect(create()).rejects.toThrow("fetch failed");
        expect((await create()).status).toBe(409);
        expect((await emulator.call("GET", `${target}/broken`)).status).toBe(502);
        expect((await new TestJob(emulator, "broken").end()).status.state).toBe("SUCCEEDED");
    });
});

describe("a task", () => {
    it("runs containers with the VM's docker, and leaves none of them behind", async () => {
        await start({});
        const folder = mkdtempSync(path.join(tmpdir(), "batch-trainer-"));
        writeFileSync(path.join(folder, "package.json"), JSON.stringify({ scripts: { start: "node main.js" } }));
        writeFileSync(path.join(folder, "main.js"), "console.log('hello', process.env.WHO)");
        const location = `projects/${PROJECT_ID}/locations/${REGION}`;
        const repositories = `/v1/${location}/repositories?repositoryId=images`;
        const made = await emulator.ok("POST", repositories, { body: { format: "DOCKER" } });
        const { registryUri } = made.response as { registryUri: string };
        await grant(emulator, "roles/batch.agentReporter", "roles/logging.logWriter", "roles/artifactregistry.reader");
        const body = { image: `${registryUri}/trainer:1`, folder };
        const { image } = (await emulator.ok("POST", "/emulator/v1/images", { body })) as { image: string };
        const script = `export HOME=$TMPDIR
            docker-credential-gcr configure-docker --registries ${image.split("/")[0]} 2>/dev/null
            docker pull ${image} >/dev/null || exit 75
            docker run --detach --name box --env WHO=$BATCH_TASK_INDEX ${image} >/dev/null
            docker wait box >/dev/null; docker logs box; docker rm --volumes box >/dev/null`;
        const job = await TestJob.create(emulator, "docker", jobBody(script, { taskCount: 2, parallelism: 1 }));
        expect((await job.end()).status.state).toBe("SUCCEEDED");
        expect(await job.lines()).toEqual(["hello 0", "hello 1"]);

        // Without the grant, docker fails, and the script's exit code requests another attempt.
        await grant(emulator, "roles/batch.agentReporter", "roles/logging.logWriter");
        const denied = await TestJob.create(
            emulator,
            "denied",
            jobBody(script, { spec: { ...RETRY, maxRetryCount: 1 } }),
        );
        expect((await denied.end()).status.state).toBe("FAILED");
        expect((await denied.events()).at(-1)).toContain("with exit code 75.");
        rmSync(folder, { recursive: true });
    });

    it("is ended, together with everything that it has started, when its job is cancelled", async () => {
        await start({});
        const script = "sleep 58.1 & setsid sleep 58.2 & wait";
        const job = await TestJob.create(emulator, "cancelled", jobBody(script));
        while (!sleeps("58.1") || !sleeps("58.2")) {
            await job.state();
        }
        await emulator.ok("POST", `/batch/v1/projects/${PROJECT_ID}/locations/${REGION}/jobs/cancelled:cancel`, {
            body: {},
        });
        expect(counts(await job.end())).toEqual(["CANCELLED", { UNEXECUTED: "1" }]);
        expect([sleeps("58.1"), sleeps("58.2")]).toEqual([false, false]);
        expect((await job.events()).slice(-2)).toEqual([
            expect.stringMatching(/^Job state is set from RUNNING to CANCELLATION_IN_PROGRESS for job /),
            expect.stringMatching(/^Job state is set from CANCELLATION_IN_PROGRESS to CANCELLED for job /),
        ]);
    });

    it("is lost when the emulator stops, and is retried when the emulator starts again", async () => {
        await start({});
        const script = "[ $BATCH_TASK_RETRY_ATTEMPT = 0 ] || exit 0; exec sleep 58.3";
        const job = await TestJob.create(emulator, "restarted", jobBody(script, { spec: RETRY }));
        while (!sleeps("58.3")) {
            await job.state();
        }
        await emulator.restart();
        expect(sleeps("58.3")).toBe(false);
        expect((await job.end()).status.state).toBe("SUCCEEDED");
        const events = inOrder((await job.tasks())[0]?.status.statusEvents);
        const codes = events.flatMap(({ taskExecution }) => taskExecution?.exitCode ?? []);
        expect(codes).toEqual([50002]);
        expect((await emulator.inventory()).filter(({ kind }) => /instance|disk/.test(kind))).toEqual([]);
    });

    it("is deleted after the emulator restarts if its deletion was interrupted by a stop", async () => {
        const faults = new BatchFaults([parseBatchFault("kind=slow-delete,ticks=all")]);
        await start({ batch: { tickMs: 30, faults } });
        const job = await TestJob.create(emulator, "gone", jobBody("exec sleep 58.4"));
        await job.untilState("RUNNING");
        const { name } = await emulator.ok("DELETE", `/batch/v1/projects/${PROJECT_ID}/locations/${REGION}/jobs/gone`);
        await emulator.restart();
        expect(await job.state()).toBe("DELETION_IN_PROGRESS");
        faults.clear();
        while ((await emulator.ok("GET", `/batch/v1/${name}`)).done !== true) {
            await emulator.inventory();
        }
        expect((await emulator.inventory()).filter(({ kind }) => /instance|disk|batch/.test(kind))).toEqual([]);
    });
});
