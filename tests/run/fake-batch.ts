import type { BatchJob, BatchJobDefinition } from "../../run/batch-jobs";
import type { Body, GoogleApis } from "../../run/google-api";
import type { FakeClock } from "./fakes";

const LOCATION = "projects/demo-project/locations/us-central1";
export const PLACE = { project: "demo-project", region: "us-central1", jobId: "iris-r-0123456789" };
export const LABELS = { run: "r-0123456789", "gcp-trainer-owner": "owner" };

/** A definition like the ones that the stack makes. */
export const DEFINITION: BatchJobDefinition = {
    taskGroups: [
        {
            taskSpec: { runnables: [{}], computeResource: {}, maxRunDuration: "3600s" },
            taskCount: "1",
            parallelism: "1",
            taskCountPerNode: "1",
        },
    ],
    allocationPolicy: {
        location: { allowedLocations: ["regions/us-central1"] },
        instances: [{ policy: { provisioningModel: "SPOT", machineType: "e2-small" } }],
    },
    labels: LABELS,
};

/** An error as an API returns it. */
export function apiError(code: number, message: string): Error {
    return Object.assign(new Error(message), {
        status: code,
        response: { status: code, data: { error: { code, message } } },
    });
}

/** A job, with the definition that it was created from. */
export type StoredJob = BatchJob & Partial<BatchJobDefinition>;

/** An in-memory Batch API with the responses that the real one has been observed to send. */
export class FakeBatch {
    readonly jobs = new Map<string, StoredJob>();
    readonly requests: string[] = [];
    /** Called before each request; it can throw, or change a job. */
    before: (request: string) => void = () => undefined;
    /** Number of requests that find the deletion of a job still in progress. */
    slowDeletions = 0;

    apis(clock: FakeClock): GoogleApis {
        const endpoints = { batch: "https://batch.test/v1/" } as GoogleApis["endpoints"];
        return {
            clock,
            endpoints,
            call: async (method, url, body) => {
                const request = `${method} ${url.replace(`${endpoints.batch}${LOCATION}/`, "")}`;
                this.requests.push(request);
                this.before(request);
                return this.#answer(method, request.slice(method.length + 1), body);
            },
        };
    }

    /** Changes a job's state and appends its events. */
    set(id: string, state: string, counts: Record<string, string> = {}, ...events: string[]): void {
        const job = this.jobs.get(id);
        if (job === undefined) {
            throw new Error(`there is no job ${id}`);
        }
        const before = job.status?.statusEvents ?? [];
        const added = events.map((description, index) => ({
            description,
            eventTime: new Date(Date.parse("2026-01-01T00:00:00Z") + (before.length + index) * 1000).toISOString(),
        }));
        // Batch returns events in any order.
        job.status = { state, statusEvents: [...added.reverse(), ...before], taskGroups: { group0: { counts } } };
    }

    #answer(method: string, path: string, body: object | undefined): Body | undefined {
        const created = /^jobs\?jobId=(.+)$/.exec(path)?.[1];
        if (created !== undefined) {
            if (this.jobs.has(created)) {
                throw apiError(409, `Resource '${LOCATION}/jobs/${created}' already exists`);
            }
            this.jobs.set(created, {
                ...body,
                name: `${LOCATION}/jobs/${created}`,
                status: { state: "QUEUED" },
            } as never);
            return this.jobs.get(created) as unknown as Body;
        }
        if (path.startsWith("operations/")) {
            this.slowDeletions -= 1;
            return { name: `${LOCATION}/${path}`, done: this.slowDeletions <= 0 };
        }
        const [, id = "", verb] = /^jobs\/([^:?]+)(:cancel)?$/.exec(path) ?? [];
        const job = this.jobs.get(id);
        if (job === undefined) {
            return undefined;
        }
        if (verb === ":cancel") {
            this.set(id, "CANCELLED");
            return { name: `${LOCATION}/operations/1` };
        }
        if (method === "DELETE") {
            this.jobs.delete(id);
            return { name: `${LOCATION}/operations/1`, done: this.slowDeletions <= 0 };
        }
        return job as unknown as Body;
    }
}
