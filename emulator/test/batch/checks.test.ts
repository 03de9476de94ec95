import { TestEmulator } from "../../src/testing";
import { ACCOUNT, JOBS, type JobSettings, jobBody, LOCATION, PROJECT_ID, prepare, TestJob } from "./support";

let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start({ batch: { tickMs: 30 } });
    await prepare(emulator);
});
afterAll(() => emulator.stop());

const environments = (count: number) => Array.from({ length: count }, () => ({ variables: { A: "b" } }));
const policy = (bootDisk: object) => ({ policy: { bootDisk } });
const runnable = (more: object) => ({ spec: { runnables: [more] } });

describe("a new job", () => {
    it.each<[string, RegExp, JobSettings, string?]>([
        ["an id with capital letters", /job_id field is invalid/, {}, "Job"],
        ["an id of 64 characters", /job_id field is invalid/, {}, "j".repeat(64)],
        [
            "more than a megabyte of labels",
            /larger than 1048576 bytes/,
            { more: { labels: { a: "x".repeat(1024 * 1024) } } },
        ],
        ["no tasks", /task_count must be from 1 to 100000; got 0/, { group: { taskCount: "0" } }],
        ["a parallelism of 5001", /parallelism must be from 1 to 5000/, { taskCount: 6000, parallelism: 5001 }],
        ["a parallelism above the task count", /parallelism 2 is larger than task_count 1/, { parallelism: 2 }],
        ["11 retries", /max_retry_count must be from 0 to 10; got 11/, { spec: { maxRetryCount: 11 } }],
        ["a limit of 15 days", /max_run_duration must be from 0 to 1209600/, { spec: { maxRunDuration: "1296000s" } }],
        ["a unitless duration", /maxRunDuration: must be a number of seconds/, { spec: { maxRunDuration: "60" } }],
        [
            "201 task environments",
            /up to 200 task environments; it has 201/,
            { taskCount: 201, group: { taskEnvironments: environments(201) } },
        ],
        [
            "another region's zone",
            /zones\/europe-west1-b must be regions\/us-central1 or a zone of this region/,
            { allocation: { location: { allowedLocations: ["zones/europe-west1-b"] } } },
        ],
        [
            "an unsupported machine series",
            /does not support the machine type t2a-standard-1/,
            { policy: { machineType: "t2a-standard-1" } },
        ],
        [
            "tasks that need more CPUs than their machine has",
            /needs 8000 milliCPU, but e2-standard-2 has 2000/,
            { spec: { computeResource: { cpuMilli: "8000" } } },
        ],
        ["a reserved label", /goog-x begins with a reserved prefix/, { more: { labels: { "goog-x": "y" } } }],
        [
            "a network without a path",
            /network: net is not matching the expected format: global\/networks\//,
            { nic: { network: "net" } },
        ],
    ])("is rejected if it has %s", async (_, message, settings, id = "rejected") => {
        const answer = await emulator.call("POST", `${JOBS}?jobId=${id}`, { body: jobBody("true", settings) });
        expect([answer.status, answer.at("error.status")]).toEqual([400, "INVALID_ARGUMENT"]);
        expect(answer.at("error.message")).toMatch(message);
        expect((await emulator.call("GET", `${JOBS}/${id}`)).status).toBe(404);
    });

    it.each<[string, JobSettings]>([
        [
            "taskGroups.0.taskSpec.runnables.0.container",
            runnable({ script: { text: "true" }, container: { imageUri: "a" } }),
        ],
        ["taskGroups.0.taskSpec.runnables.0.barrier", runnable({ script: { text: "true" }, barrier: {} })],
        ["taskGroups.0.taskSpec.runnables.0.script.path", runnable({ script: { text: "", path: "/a.sh" } })],
        ["taskGroups.0.taskSpec.runnables", { spec: { runnables: [1, 2].map(() => ({ script: { text: "true" } })) } }],
        ["taskGroups.0.taskSpec.volumes", { spec: { volumes: [{ gcs: { remotePath: "b" }, mountPath: "/mnt/b" }] } }],
        ["taskGroups.0.taskCountPerNode", { group: { taskCountPerNode: "2" } }],
        ["allocationPolicy.instances.0.instanceTemplate", { allocation: { instances: [{ instanceTemplate: "t" }] } }],
        ["allocationPolicy.instanceFlexibilityPolicy", { allocation: { instanceFlexibilityPolicy: {} } }],
        ["notifications", { more: { notifications: [{ pubsubTopic: "projects/p/topics/t" }] } }],
        ["logsPolicy.logsPath", { more: { logsPolicy: { destination: "CLOUD_LOGGING", logsPath: "/mnt" } } }],
        ["batch-debian (the default for scripts)", policy({})],
        ["FLEX_START", { policy: { provisioningModel: "FLEX_START" } }],
    ])("is not emulated with %s", async (name, settings) => {
        const answer = await emulator.call("POST", `${JOBS}?jobId=missing`, { body: jobBody("true", settings) });
        expect([answer.status, answer.at("error.message")]).toEqual([501, expect.stringContaining(name)]);
    });

    it.each([
        ["GET", `${JOBS}?filter=${encodeURIComponent("createTime>1")}`, "createTime>1"],
        ["POST", `${JOBS}/any:suspend`, "jobs/any:suspend"],
        ["POST", `${LOCATION}/state:report`, "state:report"],
        ["GET", LOCATION, "locations/us-central1"],
    ])("%s %s is not emulated", async (method, target, name) => {
        const answer = await emulator.call(method, target, method === "POST" ? { body: {} } : {});
        expect([answer.status, answer.at("error.message")]).toEqual([501, expect.stringContaining(name)]);
    });

    it("cannot use the id of a job that has not been deleted", async () => {
        await TestJob.create(emulator, "taken", jobBody("true"));
        const again = await emulator.call("POST", `${JOBS}?jobId=taken`, { body: jobBody("true") });
        expect([again.status, again.at("error.status")]).toEqual([409, "ALREADY_EXISTS"]);
    });

    it("is created only once for each requestId", async () => {
        const requestId = "8d4aa0d2-1c0e-4a3e-9a0e-0a5d2f6f1c11";
        const target = `${JOBS}?jobId=once&requestId=${requestId}`;
        const first = await emulator.ok("POST", target, { body: jobBody("true") });
        expect((await emulator.ok("POST", target, { body: jobBody("true") })).uid).toBe(first.uid);
        const zero = "00000000-0000-0000-0000-000000000000";
        const answer = await emulator.call("POST", `${JOBS}?requestId=${zero}`, { body: jobBody("true") });
        expect([answer.status, answer.at("error.message")]).toEqual([400, expect.stringContaining("zero UUID")]);
    });
});

describe("a caller", () => {
    const jobs = ["batch.jobs.create", "batch.jobs.get", "batch.jobs.list", "batch.jobs.cancel", "batch.jobs.delete"];

    /** Calls each method as a service account with these roles, and returns the permissions that it lacks. */
    async function lacking(...roles: readonly string[]): Promise<string[]> {
        const email = `caller@${PROJECT_ID}.iam.gserviceaccount.com`;
        const bindings = [...roles, "roles/logging.viewer"].map((role) => ({
            role,
            members: [`serviceAccount:${email}`],
        }));
        await emulator.ok("POST", `/v1/projects/${PROJECT_ID}:setIamPolicy`, { body: { policy: { bindings } } });
        const url = await emulator.endpointAs({ kind: "serviceAccount", email });
        const calls: [string, string, object?][] = [
            ["POST", `${JOBS}?jobId=X`, jobBody("true")],
            ["GET", `${JOBS}/none`],
            ["GET", JOBS],
            ["POST", `${JOBS}/none:cancel`, {}],
            ["DELETE", `${JOBS}/none`],
        ];
        const denied: string[] = [];
        for (const [index, [method, target, body]] of calls.entries()) {
            const answer = await emulator.call(method, url + target, body === undefined ? {} : { body });
            if (String(answer.at("error.message")).startsWith(`Permission '${jobs[index]}' denied`)) {
                denied.push(jobs[index] ?? "");
            }
        }
        return denied;
    }

    beforeAll(() =>
        emulator.ok("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, { body: { accountId: "caller" } }),
    );

    it("needs a role for Batch", async () => {
        expect(await lacking()).toEqual(jobs);
        expect(await lacking("roles/batch.jobsViewer")).toEqual([jobs[0], jobs[3], jobs[4]]);
        expect(await lacking("roles/batch.jobsEditor", "roles/iam.serviceAccountUser")).toEqual([]);
    });

    it("requires permission to act as the job's account", async () => {
        await lacking("roles/batch.jobsEditor");
        const email = `caller@${PROJECT_ID}.iam.gserviceaccount.com`;
        const url = await emulator.endpointAs({ kind: "serviceAccount", email });
        const answer = await emulator.call("POST", `${url}${JOBS}?jobId=denied`, { body: jobBody("true") });
        expect([answer.status, answer.at("error.message")]).toEqual([
            403,
            `caller does not have access to act as the specified service account: ${ACCOUNT}`,
        ]);
    });

    it("needs the API to be enabled", async () => {
        const own = await TestEmulator.start({ apiDelayMs: 0 });
        const answer = await own.call("GET", JOBS);
        expect([answer.status, answer.at("error.message")]).toEqual([
            403,
            expect.stringContaining("Batch API has not been used"),
        ]);
        await own.stop();
    });
});
