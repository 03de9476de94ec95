import { randomUUID } from "node:crypto";
import { z } from "zod";
import { ApiError, invalid, notFound, unimplemented } from "../http/errors";
import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import { requirePermission } from "../iam/enforcement";
import { readMaxResults } from "../storage/listing";
import type { Project } from "./projects";

type ServicesRequest = ApiRequest<{ readonly project: string }>;
type ServiceRequest = ApiRequest<{ readonly project: string; readonly service: string }>;

/** Services that can be switched on; the rest of Google's several hundred is answered with 501. */
const CATALOG: Readonly<Record<string, string>> = {
    "aiplatform.googleapis.com": "Vertex AI API",
    "artifactregistry.googleapis.com": "Artifact Registry API",
    "batch.googleapis.com": "Batch API",
    "bigquery.googleapis.com": "BigQuery API",
    "cloudbilling.googleapis.com": "Cloud Billing API",
    "cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
    "compute.googleapis.com": "Compute Engine API",
    "iam.googleapis.com": "Identity and Access Management (IAM) API",
    "iamcredentials.googleapis.com": "IAM Service Account Credentials API",
    "iap.googleapis.com": "Cloud Identity-Aware Proxy API",
    "logging.googleapis.com": "Cloud Logging API",
    "monitoring.googleapis.com": "Cloud Monitoring API",
    "oslogin.googleapis.com": "Cloud OS Login API",
    "run.googleapis.com": "Cloud Run Admin API",
    "serviceusage.googleapis.com": "Service Usage API",
    "storage.googleapis.com": "Cloud Storage API",
};

const disableSchema = z.strictObject({
    disableDependentServices: z.boolean().optional(),
    checkIfServiceHasUsage: z.string().optional(),
});
const batchSchema = z.strictObject({ serviceIds: z.array(z.string()).min(1).max(20) });

/** Which APIs a project has switched on: https://cloud.google.com/service-usage/docs/reference/rest/v1/services */
export function serviceUsageRoutes(): Route[] {
    return [
        route("POST", "/v1/projects/:project/services\\:batchEnable", batchEnable),
        route("POST", "/v1/projects/:project/services/:service\\:enable", enable),
        route("POST", "/v1/projects/:project/services/:service\\:disable", disable),
        route("GET", "/v1/projects/:project/services/:service", get),
        route("GET", "/v1/projects/:project/services", list, { query: ["filter", "pageSize", "pageToken"] }),
        route("GET", "/v1/operations/:operation", getOperation),
    ];
}

async function list(request: ServicesRequest) {
    const { query } = request;
    const project = await requireProject(request, "serviceusage.services.list");
    const state = readFilter(query.get("filter"));
    const after = query.get("pageToken") ?? "";
    const all = Object.keys(CATALOG)
        .filter((name) => name > after)
        .map((name) => toService(project, name))
        .filter((service) => state === undefined || service.state === state);
    const page = all.slice(0, readMaxResults(query.get("pageSize"), 200));
    const last = page.at(-1);
    return {
        body: {
            ...(page.length > 0 ? { services: page } : {}),
            ...(last !== undefined && page.length < all.length ? { nextPageToken: last.config.name } : {}),
        },
    };
}

async function get(request: ServiceRequest) {
    const project = await requireProject(request, "serviceusage.services.get");
    return { body: toService(project, requireKnown(request.params.service)) };
}

async function enable(request: ServiceRequest) {
    const project = await requireProject(request, "serviceusage.services.enable");
    const service = requireKnown(request.params.service);
    await request.services.projects.setServices(project.projectId, { enable: [service] });
    const after = await request.services.projects.get(project.projectId);
    return { body: finished(request, "EnableServiceResponse", { service: toService(after, service) }) };
}

async function disable(request: ServiceRequest) {
    await request.read(disableSchema);
    const project = await requireProject(request, "serviceusage.services.disable");
    const service = requireKnown(request.params.service);
    if (!project.enabledServices.includes(service)) {
        throw new ApiError(400, "failedPrecondition", `Service '${service}' is not enabled in ${project.projectId}.`, {
            status: "FAILED_PRECONDITION",
        });
    }
    await request.services.projects.setServices(project.projectId, { disable: [service] });
    const after = await request.services.projects.get(project.projectId);
    return { body: finished(request, "DisableServiceResponse", { service: toService(after, service) }) };
}

async function batchEnable(request: ServicesRequest) {
    const { serviceIds } = await request.read(batchSchema);
    const project = await requireProject(request, "serviceusage.services.enable");
    const names = serviceIds.map(requireKnown);
    await request.services.projects.setServices(project.projectId, { enable: names });
    const after = await request.services.projects.get(project.projectId);
    const enabled = names.map((name) => toService(after, name));
    return { body: finished(request, "BatchEnableServicesResponse", { services: enabled }) };
}

function getOperation(request: ApiRequest<{ readonly operation: string }>) {
    const operation = request.services.projects.operation(`operations/${request.params.operation}`);
    if (operation === undefined) {
        throw notFound(`Operation operations/${request.params.operation} not found.`);
    }
    return { body: operation };
}

async function requireProject(request: ServicesRequest, permission: string): Promise<Project> {
    const project = await request.services.projects.get(request.params.project);
    requirePermission(request, permission, `projects/${project.projectId}`);
    return project;
}

function requireKnown(service: string): string {
    if (!/^[a-z0-9-]+\.googleapis\.com$/.test(service)) {
        throw invalid(`Service name "${service}" must be of the form NAME.googleapis.com.`);
    }
    if (CATALOG[service] === undefined) {
        throw unimplemented(`the service "${service}" (emulator/project/service-usage.ts lists the services it knows)`);
    }
    return service;
}

function toService({ projectId, enabledServices }: Project, name: string) {
    return {
        name: `projects/${projectId}/services/${name}`,
        parent: `projects/${projectId}`,
        config: { name, title: CATALOG[name] ?? name },
        state: enabledServices.includes(name) ? "ENABLED" : "DISABLED",
    };
}

function readFilter(filter: string | null): string | undefined {
    const state = /^state:(ENABLED|DISABLED)$/.exec(filter ?? "")?.[1];
    if (filter !== null && filter !== "" && state === undefined) {
        throw unimplemented(`filter "${filter}" of services.list (it may be state:ENABLED or state:DISABLED)`);
    }
    return state;
}

/** A long-running operation that is done, and can be asked for again. */
function finished(request: ApiRequest<unknown>, type: string, response: object): object {
    return request.services.projects.recordOperation({
        name: `operations/acat.${randomUUID()}`,
        done: true,
        response: { "@type": `type.googleapis.com/google.api.serviceusage.v1.${type}`, ...response },
    });
}
