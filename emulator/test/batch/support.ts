import type { TestEmulator } from "../../src/testing";
import { pause } from "../vm/support";

export const PROJECT_ID = "demo-project";
export const REGION = "us-central1";
export const LOCATION = `/batch/v1/projects/${PROJECT_ID}/locations/${REGION}`;
export const JOBS = `${LOCATION}/jobs`;
export const ACCOUNT = `trainer@${PROJECT_ID}.iam.gserviceaccount.com`;

/** The parts of a job that tests read. */
export interface JobJson {
    readonly name: string;
    readonly uid: string;
    readonly status: {
        readonly state: string;
        readonly statusEvents?: readonly EventJson[];
        readonly taskGroups?: Readonly<Record<string, { readonly counts: Readonly<Record<string, string>> }>>;
    };
}

export interface EventJson {
    readonly type: string;
    readonly description: string;
    readonly eventTime: string;
    readonly taskState?: string;
    readonly taskExecution?: { readonly exitCode: number };
}

export interface TaskJson {
    readonly name: string;
    readonly status: { readonly state: string; readonly statusEvents?: readonly EventJson[] };
}

/** The settings of a test job that differ from those of `jobBody`. */
export interface JobSettings {
    readonly taskCount?: number;
    readonly parallelism?: number;
    readonly spec?: object;
    readonly runnable?: object;
    readonly group?: object;
    readonly policy?: object;
    readonly nic?: object;
    readonly allocation?: object;
    readonly more?: object;
}

/** A job that runs a bash script once per task, on spot VMs without external addresses. */
export function jobBody(script: string, settings: JobSettings = {}): object {
    const { taskCount = 1, parallelism = taskCount, spec, runnable, group, policy, nic, allocation, more } = settings;
    return {
        taskGroups: [
            {
                taskSpec: {
                    runnables: [{ script: { text: `#!/bin/bash\n${script}\n` }, ...runnable }],
                    maxRunDuration: "600s",
                    ...spec,
                },
                taskCount: String(taskCount),
                parallelism: String(parallelism),
                taskCountPerNode: "1",
                ...group,
            },
        ],
        allocationPolicy: {
            location: { allowedLocations: [`regions/${REGION}`] },
            instances: [
                {
                    policy: {
                        machineType: "e2-standard-2",
                        provisioningModel: "SPOT",
                        bootDisk: { image: "batch-cos", type: "pd-balanced", sizeGb: "30" },
                        ...policy,
                    },
                },
            ],
            serviceAccount: { email: ACCOUNT },
            network: {
                networkInterfaces: [
                    {
                        network: `projects/${PROJECT_ID}/global/networks/net`,
                        subnetwork: `projects/${PROJECT_ID}/regions/${REGION}/subnetworks/sub`,
                        noExternalIpAddress: true,
                        ...nic,
                    },
                ],
            },
            ...allocation,
        },
        logsPolicy: { destination: "CLOUD_LOGGING" },
        ...more,
    };
}

/** Creates what a job needs: an account with the agent's role, and a network with Private Google Access. */
export async function prepare(emulator: TestEmulator, ipCidrRange = "10.1.0.0/24"): Promise<void> {
    const compute = `/compute/v1/projects/${PROJECT_ID}`;
    await emulator.ok("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, { body: { accountId: "trainer" } });
    await grant(emulator, "roles/batch.agentReporter", "roles/logging.logWriter");
    await emulator.ok("POST", `${compute}/global/networks`, { body: { name: "net", autoCreateSubnetworks: false } });
    await emulator.ok("POST", `${compute}/regions/${REGION}/subnetworks`, {
        body: { name: "sub", network: "global/networks/net", ipCidrRange, privateIpGoogleAccess: true },
    });
}

/** Replaces the project's policy with these roles for the jobs' account. */
export async function grant(emulator: TestEmulator, ...roles: readonly string[]): Promise<void> {
    const bindings = roles.map((role) => ({ role, members: [`serviceAccount:${ACCOUNT}`] }));
    await emulator.ok("POST", `/v1/projects/${PROJECT_ID}:setIamPolicy`, { body: { policy: { bindings } } });
}

/** A job, controlled through Batch's API. */
export class TestJob {
    readonly emulator: TestEmulator;
    readonly id: string;

    constructor(emulator: TestEmulator, id: string) {
        this.emulator = emulator;
        this.id = id;
    }

    static async create(emulator: TestEmulator, id: string, body: object): Promise<TestJob> {
        await emulator.ok("POST", `${JOBS}?jobId=${id}`, { body });
        return new TestJob(emulator, id);
    }

    async get(): Promise<JobJson> {
        return (await this.emulator.ok("GET", `${JOBS}/${this.id}`)) as unknown as JobJson;
    }

    async state(): Promise<string> {
        return (await this.get()).status.state;
    }

    async untilState(...states: readonly string[]): Promise<JobJson> {
        for (;;) {
            const job = await this.get();
            if (states.includes(job.status.state)) {
                return job;
            }
            await pause();
        }
    }

    /** Waits until the job has ended. */
    async end(): Promise<JobJson> {
        return await this.untilState("SUCCEEDED", "FAILED", "CANCELLED");
    }

    async tasks(): Promise<readonly TaskJson[]> {
        const answer = await this.emulator.ok("GET", `${JOBS}/${this.id}/taskGroups/group0/tasks`);
        return (answer.tasks ?? []) as TaskJson[];
    }

    /** The descriptions of the job's events, in chronological order. */
    async events(): Promise<string[]> {
        return inOrder((await this.get()).status.statusEvents).map(({ description }) => description);
    }

    /** The lines that the tasks have printed, in chronological order. */
    async lines(): Promise<string[]> {
        const { uid } = await this.get();
        const filter = `logName="projects/${PROJECT_ID}/logs/batch_task_logs" AND labels.job_uid=${uid}`;
        const body = { resourceNames: [`projects/${PROJECT_ID}`], filter };
        const { entries = [] } = (await this.emulator.ok("POST", "/v2/entries:list", { body })) as {
            entries?: { textPayload: string }[];
        };
        return entries.map(({ textPayload }) => textPayload);
    }

    /** Deletes the job and waits until it is gone. */
    async delete(): Promise<void> {
        const { name } = await this.emulator.ok("DELETE", `${JOBS}/${this.id}`);
        await untilDone(this.emulator, String(name));
    }
}

/** Waits for an operation. */
export async function untilDone(emulator: TestEmulator, name: string): Promise<Record<string, unknown>> {
    for (;;) {
        const operation = await emulator.ok("GET", `/batch/v1/${name}`);
        if (operation.done === true) {
            return operation;
        }
        await pause();
    }
}

/** Sorts events by time, because Batch returns them in no particular order. */
export function inOrder(events: readonly EventJson[] = []): EventJson[] {
    return [...events].sort((one, other) => (one.eventTime < other.eventTime ? -1 : 1));
}
