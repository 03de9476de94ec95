import { z } from "zod";
import { parseBatchFault } from "../faults/batch-rule";
import { invalid, notFound, permissionDenied, unimplemented } from "../http/errors";
import { pageOf } from "../http/query";
import { mount, type Route, route } from "../http/router";
import type { ApiRequest, Principal } from "../http/types";
import type { IamService } from "../iam/service";
import type { Project, ProjectService } from "../projects/projects";
import { describeJob, describeTask } from "./answers";
import { jobFilter, taskFilter } from "./filters";
import { cancelBody, jobBody } from "./job-schema";
import type { BatchService } from "./service";

const LOCATION = "/v1/projects/:project/locations/:location" as const;
const JOBS = `${LOCATION}/jobs` as const;
const JOB = `${JOBS}/:job` as const;
const TASKS = `${JOB}/taskGroups/:group/tasks` as const;
const OPERATIONS = `${LOCATION}/operations` as const;
const LIST = ["filter", "pageSize", "pageToken"];
const GROUP = "group0";
const MAX_PAGE = 1000;

/** The services that Batch's routes use. */
export interface BatchServices {
    readonly batch: BatchService;
    readonly projects: ProjectService;
    readonly iam: IamService;
}

type LocationRequest = ApiRequest<{ readonly project: string; readonly location: string }>;
type JobRequest = ApiRequest<{ readonly project: string; readonly location: string; readonly job: string }>;
type TaskRequest = ApiRequest<JobRequest["params"] & { readonly group: string }>;

/** Google Batch's API: https://cloud.google.com/batch/docs/reference/rest */
export function batchRoutes(services: BatchServices): Route[] {
    const handlers = new BatchHandlers(services);
    const routes = [
        // The route with the verb comes first, because `:job` would match "J:cancel".
        route("POST", `${JOB}\\:cancel`, (request) => handlers.cancel(request)),
        route("POST", JOBS, (request) => handlers.create(request), { query: ["jobId", "job_id", "requestId"] }),
        route("GET", JOBS, (request) => handlers.list(request), { query: [...LIST, "orderBy"] }),
        route("GET", JOB, (request) => handlers.get(request)),
        route("DELETE", JOB, (request) => handlers.delete(request), { query: ["reason", "requestId"] }),
        route("GET", TASKS, (request) => handlers.tasks(request), { query: LIST }),
        route("GET", `${TASKS}/:task`, (request) => handlers.task(request)),
        route("POST", `${OPERATIONS}/:operation\\:cancel`, (request) => handlers.cancelOperation(request)),
        route("GET", OPERATIONS, (request) => handlers.operations(request), { query: ["pageSize", "pageToken"] }),
        route("GET", `${OPERATIONS}/:operation`, (request) => handlers.operation(request)),
        route("DELETE", `${OPERATIONS}/:operation`, (request) => handlers.deleteOperation(request)),
    ];
    return mount("/batch", routes).map((one) => ({ ...one, options: { ...one.options, errors: "status" } }));
}

/** Controls for tests and operators, which are not part of Google's API. */
export function batchFaultRoutes({ batch, iam }: Pick<BatchServices, "batch" | "iam">): Route[] {
    const path = "/emulator/v1/batch/faults";
    const requireOwner = ({ principal }: ApiRequest) => {
        if (!iam.policies.check(principal, "batch.jobs.delete", "projects/-")) {
            throw permissionDenied("Only the developer may inject faults.");
        }
    };
    return [
        route("POST", path, async (request) => {
            requireOwner(request);
            const { rule } = await request.read(z.strictObject({ rule: z.string() }));
            try {
                batch.faults.add(parseBatchFault(rule));
            } catch (error) {
                throw invalid((error as Error).message);
            }
            return { body: {} };
        }),
        route("DELETE", path, (request) => {
            requireOwner(request);
            batch.faults.clear();
            return { body: {} };
        }),
    ];
}

class BatchHandlers {
    readonly #batch: BatchService;
    readonly #projects: ProjectService;
    readonly #iam: IamService;
    /** Jobs by the id of the request that created them, so that a repeated request does not create another job. */
    readonly #created = new Map<string, string>();

    constructor({ batch, projects, iam }: BatchServices) {
        this.#batch = batch;
        this.#projects = projects;
        this.#iam = iam;
    }

    async create(request: LocationRequest) {
        const project = await this.#allow(request, "jobs.create");
        const { location } = request.params;
        const requestId = readRequestId(request.query.get("requestId"));
        const body = await request.read(jobBody);
        const key = `${project.projectId} ${location} ${requestId}`;
        const before = requestId === undefined ? undefined : this.#created.get(key);
        if (before !== undefined) {
            return { body: describeJob(this.#batch.store, this.#batch.get(before)) };
        }
        this.#requireActAs(request.principal, body.allocationPolicy?.serviceAccount?.email, project);
        const jobId = request.query.get("jobId") ?? request.query.get("job_id") ?? "";
        const created = await this.#batch.create(body, { project, location, jobId });
        if (requestId !== undefined) {
            this.#created.set(key, created.job.name);
        }
        return { body: describeJob(this.#batch.store, created) };
    }

    async get(request: JobRequest) {
        const name = await this.#jobName(request, "jobs.get");
        return { body: describeJob(this.#batch.store, this.#batch.get(name)) };
    }

    async list(request: LocationRequest) {
        const { projectId } = await this.#allow(request, "jobs.list");
        const matches = jobFilter(request.query.get("filter") ?? "");
        const jobs = this.#batch.store.inLocation(projectId, request.params.location).filter(matches);
        const orderBy = request.query.get("orderBy") ?? "";
        const [, field, descending] = /^(|name|create_time)( desc)?$/.exec(orderBy) ?? [];
        if (field === undefined) {
            throw invalid(
                `order_by field is invalid. "${orderBy}" must be name or create_time, optionally with " desc".`,
            );
        }
        const key = ({ job }: (typeof jobs)[number]) => (field === "create_time" ? job.createTime : job.name);
        const sorted = [...jobs].sort((one, other) => (key(one) < key(other) ? -1 : 1));
        const { page, ...next } = pageOf(
            request.query,
            (descending === undefined ? sorted : sorted.reverse()).map((one, position) => ({ one, position })),
            { size: "pageSize", largest: MAX_PAGE, key: ({ position }) => String(position).padStart(8, "0") },
        );
        return {
            body: {
                ...some(
                    "jobs",
                    page.map(({ one }) => describeJob(this.#batch.store, one)),
                ),
                ...next,
            },
        };
    }

    async delete(request: JobRequest) {
        const name = await this.#jobName(request, "jobs.delete");
        readRequestId(request.query.get("requestId"));
        return { body: await this.#batch.delete(name) };
    }

    async cancel(request: JobRequest) {
        const name = await this.#jobName(request, "jobs.cancel");
        const { requestId } = await request.read(cancelBody);
        readRequestId(requestId ?? null);
        return { body: await this.#batch.cancel(name) };
    }

    /** Tasks become visible once the job runs. */
    async tasks(request: TaskRequest) {
        const name = await this.#jobName(request, "tasks.list");
        const { job, status } = this.#batch.get(name);
        requireGroup(request.params.group, job.name);
        const matches = taskFilter(request.query.get("filter") ?? "");
        const count = status.runningSince === undefined ? 0 : Number(job.taskGroups[0].taskCount);
        const indexes = Array.from({ length: count }, (_, index) => index).filter((index) =>
            matches(this.#batch.store.task(name, index)),
        );
        const { page, ...next } = pageOf(request.query, indexes, {
            size: "pageSize",
            largest: MAX_PAGE,
            key: (index) => String(index).padStart(8, "0"),
        });
        const tasks = page.map((index) => describeTask(job, index, this.#batch.store.task(name, index)));
        return { body: { ...some("tasks", tasks), ...next } };
    }

    async task(request: ApiRequest<TaskRequest["params"] & { readonly task: string }>) {
        const name = await this.#jobName(request, "tasks.get");
        const { job, status } = this.#batch.get(name);
        const { group, task } = request.params;
        requireGroup(group, name);
        const index = /^\d{1,6}$/.test(task) ? Number(task) : Number.NaN;
        if (status.runningSince === undefined || !(index < Number(job.taskGroups[0].taskCount))) {
            throw notFound(`Resource '${name}/taskGroups/${group}/tasks/${task}' was not found`);
        }
        return { body: describeTask(job, index, this.#batch.store.task(name, index)) };
    }

    async operation(request: ApiRequest<LocationRequest["params"] & { readonly operation: string }>) {
        return { body: this.#batch.operations.get(await this.#operationName(request, "operations.get")) };
    }

    async operations(request: LocationRequest) {
        const { projectId } = await this.#allow(request, "operations.list");
        const all = this.#batch.operations.list(`projects/${projectId}/locations/${request.params.location}`);
        const paging = { size: "pageSize", largest: MAX_PAGE, key: ({ name }: { name: string }) => name } as const;
        const { page, ...next } = pageOf(request.query, all, paging);
        return { body: { ...some("operations", page), ...next } };
    }

    async deleteOperation(request: ApiRequest<LocationRequest["params"] & { readonly operation: string }>) {
        await this.#batch.operations.delete(await this.#operationName(request, "operations.delete"));
        return { body: {} };
    }

    /** Batch accepts the request, but neither a deletion nor a cancellation can be cancelled. */
    async cancelOperation(request: ApiRequest<LocationRequest["params"] & { readonly operation: string }>) {
        this.#batch.operations.get(await this.#operationName(request, "operations.cancel"));
        return { body: {} };
    }

    async #operationName(
        request: ApiRequest<LocationRequest["params"] & { readonly operation: string }>,
        permission: string,
    ): Promise<string> {
        const { projectId } = await this.#allow(request, permission);
        return `projects/${projectId}/locations/${request.params.location}/operations/${request.params.operation}`;
    }

    /** Returns the name of the job in a request, if the caller has the permission. */
    async #jobName(request: JobRequest, permission: string): Promise<string> {
        const { location, job } = request.params;
        if (job.includes(":")) {
            throw unimplemented(`${request.method} ${request.path}`);
        }
        const { projectId } = await this.#allow(request, permission);
        return `projects/${projectId}/locations/${location}/jobs/${job}`;
    }

    async #allow(request: LocationRequest, permission: string): Promise<Project> {
        const project = await this.#projects.get(request.params.project);
        this.#iam.require(request, `batch.${permission}`, `projects/${project.projectId}`);
        return project;
    }

    /** @throws ApiError 403 with Batch's message: https://cloud.google.com/batch/docs/troubleshooting */
    #requireActAs(principal: Principal, email: string | undefined, project: Project): void {
        const account = email || `${project.projectNumber}-compute@developer.gserviceaccount.com`;
        const owner = /@([^.]+)\.iam\.gserviceaccount\.com$/.exec(account)?.[1] ?? project.projectId;
        const resource = `projects/${owner}/serviceAccounts/${account}`;
        if (!this.#iam.policies.check(principal, "iam.serviceAccounts.actAs", resource)) {
            throw permissionDenied(`caller does not have access to act as the specified service account: ${account}`);
        }
    }
}

function requireGroup(group: string, job: string): void {
    if (group !== GROUP) {
        throw notFound(`Resource '${job}/taskGroups/${group}' was not found`);
    }
}

/** @throws ApiError 400 for an id that is not a UUID, and for the zero UUID */
function readRequestId(id: string | null): string | undefined {
    if (id === null || id === "") {
        return undefined;
    }
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) || /^[0-]+$/.test(id)) {
        throw invalid(`request_id field is invalid. request_id "${id}" must be a UUID other than the zero UUID.`);
    }
    return id;
}

/** Returns an object with this list, or an empty object if the list is empty. */
function some(name: string, list: readonly object[]): object {
    return list.length === 0 ? {} : { [name]: list };
}
