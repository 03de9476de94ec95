import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import type { Organization } from "../org/organization";
import { diskRoutes } from "./disk-routes";
import { IMAGE_PROJECT, imageAt, imagesOf } from "./images";
import { instanceRoutes } from "./instance-routes";
import { fingerprint, selfLink } from "./links";
import { listOf } from "./listing";
import { allow, type ComputeServices, checkVersion, LIST, methodsOf, PROJECT_PATH } from "./methods";
import { networkRoutes } from "./network-routes";
import { placeRoutes } from "./place-routes";
import { projectQuotas } from "./quotas";
import { addressRoutes, imageBody, insertImage } from "./spare-routes";

type OperationRequest = ApiRequest<{ version: string; project: string; location?: string; operation: string }>;

/** Compute Engine's API: https://cloud.google.com/compute/docs/reference/rest/v1 */
export function computeRoutes(services: ComputeServices & { readonly org: Organization }): Route[] {
    return [
        ...instanceRoutes(services),
        ...diskRoutes(services),
        ...networkRoutes(services),
        ...addressRoutes(services),
        ...imageRoutes(services),
        ...operationRoutes(services),
        ...placeRoutes(services),
        projectRoute(services),
    ];
}

/** Public images, which every project may read, and the project's own images. */
function imageRoutes(services: ComputeServices): Route[] {
    const path = `${PROJECT_PATH}/global/images` as const;
    const { images } = services.compute.spare;
    const { insert, remove } = methodsOf(services, "global", "images");
    const imageIn = ({ version, project }: { version: string; project: string }, name: string) => {
        checkVersion(version);
        const imagePath = `projects/${project}/global/images/${name}`;
        return { body: images.find(imagePath) ?? imageAt(imagePath) };
    };
    return [
        route("GET", `${path}/family/:family`, ({ params }) => imageIn(params, `family/${params.family}`)),
        route("GET", `${path}/:image`, ({ params }) => imageIn(params, params.image)),
        route(
            "GET",
            path,
            (request) => {
                const { params, query } = request;
                checkVersion(params.version);
                if (params.project !== IMAGE_PROJECT) {
                    allow(services, request, "compute.images.list");
                }
                const parent = `projects/${params.project}/global/images`;
                const all = [...imagesOf(params.project), ...images.list(`projects/${params.project}/global`)];
                return { body: listOf(query, "compute#imageList", parent, all) };
            },
            LIST,
        ),
        insert(async (request) => insertImage(services, request.params.project, await request.read(imageBody))),
        remove((imagePath) => images.delete(imagePath)),
    ];
}

function operationRoutes(services: ComputeServices): Route[] {
    const { operations } = services.compute;
    const scopes = ["global", "zones/:location", "regions/:location"] as const;
    return scopes.flatMap((scope) => {
        const collection = `${PROJECT_PATH}/${scope}/operations` as const;
        const pattern = `${collection}/:operation` as const;
        const allowedPath = (request: OperationRequest) => {
            allow(services, request, "compute.zoneOperations.get");
            const { project, location = "", operation } = request.params;
            return `projects/${project}/${scope.replace(":location", location)}/operations/${operation}`;
        };
        return [
            route(
                "GET",
                collection,
                (request: ApiRequest<{ version: string; project: string; location?: string }>) => {
                    allow(services, request, "compute.zoneOperations.list");
                    const { project, location = "" } = request.params;
                    const parent = `projects/${project}/${scope.replace(":location", location)}`;
                    const items = operations.list(parent);
                    return { body: listOf(request.query, "compute#operationList", `${parent}/operations`, items) };
                },
                LIST,
            ),
            route("GET", pattern, (request) => ({ body: operations.get(allowedPath(request)) })),
            route("POST", `${pattern}/wait`, async (request) => ({
                body: await operations.wait(allowedPath(request)),
            })),
        ];
    });
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/projects/get; the provider also uses the project number. */
function projectRoute(services: ComputeServices & { readonly org: Organization }): Route {
    return route("GET", PROJECT_PATH, async (request) => {
        allow(services, request, "compute.projects.get");
        const project = await services.projects.get(request.params.project);
        return {
            body: {
                kind: "compute#project",
                id: project.projectNumber,
                name: project.projectId,
                creationTimestamp: project.createTime,
                commonInstanceMetadata: { kind: "compute#metadata", fingerprint: fingerprint({ items: [] }) },
                defaultServiceAccount: `${project.projectNumber}-compute@developer.gserviceaccount.com`,
                quotas: projectQuotas(services.compute, services.org, project.projectId),
                selfLink: selfLink(`projects/${project.projectId}`),
                defaultNetworkTier: "PREMIUM",
                xpnProjectStatus: "UNSPECIFIED_XPN_PROJECT_STATUS",
            },
        };
    });
}
