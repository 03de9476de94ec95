import { randomUUID } from "node:crypto";
import { z } from "zod";
import { ApiError, invalid, notFound, unimplemented } from "../http/errors";
import { pageOf } from "../http/query";
import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import { policyHandlers } from "../iam/policy-handlers";
import type { IamService } from "../iam/service";
import { CATALOG } from "./catalog";
import type { Project, ProjectService } from "./projects";

type ProjectRequest = ApiRequest<{ readonly project: string }>;
type ServiceRequest = ApiRequest<{ readonly project: string; readonly service: string }>;

const disableSchema = z.strictObject({
    disableDependentServices: z.boolean().optional(),
    checkIfServiceHasUsage: z.string().optional(),
});
const batchSchema = z.strictObject({ serviceIds: z.array(z.string()).min(1).max(20) });

/** Resource Manager (https://cloud.google.com/resource-manager/reference/rest/v1/projects) and Service Usage. */
export function projectRoutes(projects: ProjectService, iam: IamService): Route[] {
    const policy = policyHandlers<ProjectRequest["params"]>(iam, {
        resource: async ({ params }) => `projects/${(await projects.get(params.project)).projectId}`,
        permissions: "resourcemanager.projects",
    });
    return [
        route("POST", "/v1/projects/:project\\:getIamPolicy", policy.get),
        route("POST", "/v1/projects/:project\\:setIamPolicy", policy.set),
        route("POST", "/v1/projects/:project\\:testIamPermissions", policy.test),
        ...new ServiceUsage(projects, iam).routes(),
        route("GET", "/v1/projects/:project", async (request) => {
            const { projectId, projectNumber, createTime } = await projects.get(request.params.project);
            iam.require(request, "resourcemanager.projects.get", `projects/${projectId}`);
            return { body: { projectNumber, projectId, lifecycleState: "ACTIVE", name: projectId, createTime } };
        }),
    ];
}

/** The APIs that a project has enabled: https://cloud.google.com/service-usage/docs/reference/rest/v1/services */
class ServiceUsage {
    readonly #projects: ProjectService;
    readonly #iam: IamService;

    constructor(projects: ProjectService, iam: IamService) {
        this.#projects = projects;
        this.#iam = iam;
    }

    routes(): Route[] {
        const services = "/v1/projects/:project/services" as const;
        const query = ["filter", "pageSize", "pageToken"];
        return [
            route("POST", `${services}\\:batchEnable`, (request) => this.#batchEnable(request)),
            route("POST", `${services}/:service\\:enable`, (request) => this.#enable(request)),
            route("POST", `${services}/:service\\:disable`, (request) => this.#disable(request)),
            route("GET", `${services}/:service`, (request) => this.#get(request)),
            route("GET", services, (request) => this.#list(request), { query }),
            route("GET", "/v1/operations/:operation", (request) => this.#operation(request)),
        ];
    }

    async #list(request: ProjectRequest) {
        const project = await this.#require(request, "serviceusage.services.list");
        const state = readFilter(request.query.get("filter"));
        const all = Object.keys(CATALOG)
            .map((name) => toService(project, name))
            .filter((service) => state === undefined || service.state === state);
        const { page, ...next } = pageOf(request.query, all, {
            size: "pageSize",
            largest: 200,
            key: ({ config }) => config.name,
        });
        return { body: { ...(page.length > 0 ? { services: page } : {}), ...next } };
    }

    async #get(request: ServiceRequest) {
        const project = await this.#require(request, "serviceusage.services.get");
        return { body: toService(project, requireKnown(request.params.service)) };
    }

    async #enable(request: ServiceRequest) {
        const { projectId } = await this.#require(request, "serviceusage.services.enable");
        const service = requireKnown(request.params.service);
        const after = await this.#projects.setServices(projectId, { enable: [service] });
        return { body: this.#finished("EnableServiceResponse", { service: toService(after, service) }) };
    }

    async #disable(request: ServiceRequest) {
        await request.read(disableSchema);
        const { projectId, enabledServices } = await this.#require(request, "serviceusage.services.disable");
        const service = requireKnown(request.params.service);
        if (!enabledServices.includes(service)) {
            throw new ApiError(400, "failedPrecondition", `Service '${service}' is not enabled in ${projectId}.`, {
                status: "FAILED_PRECONDITION",
            });
        }
        const after = await this.#projects.setServices(projectId, { disable: [service] });
        return { body: this.#finished("DisableServiceResponse", { service: toService(after, service) }) };
    }

    async #batchEnable(request: ProjectRequest) {
        const { serviceIds } = await request.read(batchSchema);
        const { projectId } = await this.#require(request, "serviceusage.services.enable");
        const names = serviceIds.map(requireKnown);
        const after = await this.#projects.setServices(projectId, { enable: names });
        const services = names.map((name) => toService(after, name));
        return { body: this.#finished("BatchEnableServicesResponse", { services }) };
    }

    #operation(request: ApiRequest<{ readonly operation: string }>) {
        const name = `operations/${request.params.operation}`;
        const operation = this.#projects.operations.find(name);
        if (operation === undefined) {
            throw notFound(`Operation ${name} not found.`);
        }
        return { body: operation };
    }

    /** Returns the project named in a request, if the caller has the permission. */
    async #require(request: ProjectRequest, permission: string): Promise<Project> {
        const project = await this.#projects.get(request.params.project);
        this.#iam.require(request, permission, `projects/${project.projectId}`);
        return project;
    }

    /** Creates a long-running operation for a change that has already been made. */
    #finished(type: string, response: object): object {
        return this.#projects.operations.add(`operations/acat.${randomUUID()}`, {
            "@type": `type.googleapis.com/google.api.serviceusage.v1.${type}`,
            ...response,
        });
    }
}

function requireKnown(service: string): string {
    if (!/^[a-z0-9-]+\.googleapis\.com$/.test(service)) {
        throw invalid(`Service name "${service}" must be of the form NAME.googleapis.com.`);
    }
    if (CATALOG[service] === undefined) {
        throw unimplemented(`the service "${service}" (emulator/src/projects/catalog.ts lists the supported services)`);
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
        throw unimplemented(
            `filter "${filter}" of services.list (only state:ENABLED and state:DISABLED are supported)`,
        );
    }
    return state;
}
