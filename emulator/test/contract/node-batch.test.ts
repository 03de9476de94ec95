import { existsSync } from "node:fs";
import path from "node:path";
import { jobBody, prepare } from "../batch/support";
import { pause } from "../vm/support";
import { JudgedEmulator } from "./judge";

const CLIENTS = path.join(__dirname, "../../../.clients");
const PARENT = "projects/demo-project/locations/us-central1";

/** The parts of the client that this test uses. The package is not a dependency, so its own types are not available. */
interface BatchClient {
    createJob(request: object): Promise<[Job]>;
    getJob(request: object): Promise<[Job]>;
    listJobs(request: object): Promise<[Job[]]>;
    listTasks(request: object, options?: object): Promise<[Task[], { pageToken?: string } | null]>;
    getTask(request: object): Promise<[Task]>;
    cancelJob(request: object): Promise<unknown>;
    deleteJob(request: object): Promise<[{ promise(): Promise<unknown> }]>;
    close(): Promise<void>;
}

interface Job {
    readonly name: string;
    readonly status: {
        readonly state: string;
        readonly taskGroups: Record<string, { counts: Record<string, string> }>;
    };
}

interface Task {
    readonly name: string;
    readonly status: { readonly state: string; readonly statusEvents: { taskState: string; taskExecution: object }[] };
}

const missing = existsSync(path.join(CLIENTS, "installed.json"))
    ? undefined
    : "@google-cloud/batch is not installed in .clients (run .ci/node-clients.sh)";
const describeWithClient = missing === undefined ? describe : describe.skip;
const title = "@google-cloud/batch (Node.js)";

describeWithClient(missing === undefined ? title : `${title} [skipped: ${missing}]`, () => {
    let judged: JudgedEmulator;
    let client: BatchClient;

    beforeAll(async () => {
        judged = await JudgedEmulator.start("/batch");
        await prepare(judged.emulator);
        client = newClient(judged.recorder.port);
    });
    afterAll(async () => {
        await client?.close();
        await judged?.stop();
    });

    const name = (id: string) => ({ name: `${PARENT}/jobs/${id}` });

    async function create(jobId: string, script: string, taskCount = 1) {
        const policy = { action: "RETRY_TASK", actionCondition: { exitCodes: [75] } };
        const spec = { maxRetryCount: 1, lifecyclePolicies: [policy], maxRunDuration: { seconds: 60 } };
        return (await client.createJob({ parent: PARENT, jobId, job: jobBody(script, { taskCount, spec }) }))[0];
    }

    async function ended(id: string): Promise<Job> {
        for (;;) {
            const [job] = await client.getJob(name(id));
            if (["SUCCEEDED", "FAILED", "CANCELLED"].includes(job.status.state)) {
                return job;
            }
            await pause(50);
        }
    }

    it("creates a job only once, and waits for it to end", async () => {
        const job = await create("good", '[ "$BATCH_TASK_INDEX$BATCH_TASK_RETRY_ATTEMPT" != 10 ] || exit 75', 3);
        expect([job.name, job.status.state]).toEqual([`${PARENT}/jobs/good`, "QUEUED"]);
        // The gRPC code ALREADY_EXISTS or ABORTED: the client maps HTTP 409 to one of them.
        await expect(create("good", "true")).rejects.toThrow(/already exists/);
        const { status } = await ended("good");
        expect([status.state, status.taskGroups.group0?.counts]).toEqual(["SUCCEEDED", { SUCCEEDED: "3" }]);
    });

    it("reads tasks in pages, with an exit code only for failures", async () => {
        const parent = `${PARENT}/jobs/good/taskGroups/group0`;
        const manual = { autoPaginate: false };
        const [page, next] = await client.listTasks({ parent, pageSize: 2 }, manual);
        const [rest] = await client.listTasks({ parent, pageToken: next?.pageToken ?? "" }, manual);
        expect([page.length, rest.length]).toEqual([2, 1]);
        const [task] = await client.getTask({ name: `${parent}/tasks/1` });
        expect(task.status.state).toBe("SUCCEEDED");
        const codes = task.status.statusEvents.map(({ taskState, taskExecution }) => [taskState, taskExecution]);
        expect(codes.filter(([, execution]) => execution !== null)).toEqual([["FAILED", { exitCode: 75 }]]);
    });

    it("cancels a job, and lists it by its state", async () => {
        await create("long", "exec sleep 55");
        await client.cancelJob(name("long"));
        expect((await ended("long")).status.state).toBe("CANCELLED");
        const [jobs] = await client.listJobs({ parent: PARENT, filter: 'Status.State="CANCELLED"' });
        expect(jobs.map((job) => job.name)).toEqual([`${PARENT}/jobs/long`]);
    });

    it("deletes a job, and waits for the operation", async () => {
        const [operation] = await client.deleteJob(name("good"));
        await operation.promise();
        await expect(client.getJob(name("good"))).rejects.toMatchObject({
            code: 5,
            message: expect.stringContaining(`Resource '${PARENT}/jobs/good' was not found`),
        });
    });

    it("sends and receives only what Google's descriptions allow", () => {
        expect(judged.report()?.problems ?? []).toEqual([]);
    });
});

/** Creates a client that uses HTTP without TLS on a local port, with a developer's token. */
function newClient(port: number): BatchClient {
    const { v1 } = require(path.join(CLIENTS, "node_modules/@google-cloud/batch")) as {
        v1: { BatchServiceClient: new (options: object) => BatchClient };
    };
    // The GoogleAuth methods that the client calls. The real class would request a token from Google.
    const auth = {
        getClient: async () => auth,
        fetch: (url: string, init: RequestInit) => {
            const headers = new Headers(init.headers);
            headers.set("authorization", "Bearer developer");
            return fetch(url, { ...init, headers });
        },
    };
    const address = { apiEndpoint: "127.0.0.1", port, protocol: "http" };
    return new v1.BatchServiceClient({ auth, fallback: true, projectId: "demo-project", ...address });
}
