import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import { requirePermission } from "../iam/enforcement";
import { policyHandlers } from "../iam/policy-handlers";
import { serviceUsageRoutes } from "./service-usage";

type ProjectRequest = ApiRequest<{ readonly project: string }>;

const policy = policyHandlers<ProjectRequest["params"]>({
    resource: async ({ services, params }) => `projects/${(await services.projects.get(params.project)).projectId}`,
    permissions: "resourcemanager.projects",
});

/** Resource Manager (https://cloud.google.com/resource-manager/reference/rest/v1/projects) and Service Usage. */
export function projectRoutes(): Route[] {
    return [
        route("POST", "/v1/projects/:project\\:getIamPolicy", policy.get),
        route("POST", "/v1/projects/:project\\:setIamPolicy", policy.set),
        route("POST", "/v1/projects/:project\\:testIamPermissions", policy.test),
        ...serviceUsageRoutes(),
        route("GET", "/v1/projects/:project", getProject),
    ];
}

async function getProject(request: ProjectRequest) {
    const { projectId, projectNumber, createTime } = await request.services.projects.get(request.params.project);
    requirePermission(request, "resourcemanager.projects.get", `projects/${projectId}`);
    return { body: { projectNumber, projectId, lifecycleState: "ACTIVE", name: projectId, createTime } };
}
