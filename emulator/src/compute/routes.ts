import { type Route, route } from "../http/router";
import { allow, checkVersion, LIST, PROJECT_PATH } from "./access";
import { diskRoutes } from "./disk-routes";
import { IMAGE_PROJECT, imageAt, imagesOf } from "./images";
import { instanceRoutes } from "./instance-routes";
import { fingerprint, selfLink } from "./links";
import { listOf } from "./listing";
import { networkRoutes } from "./network-routes";

/** Compute Engine's API: https://cloud.google.com/compute/docs/reference/rest/v1 */
export function computeRoutes(): Route[] {
    return [
        ...instanceRoutes(),
        ...diskRoutes(),
        ...networkRoutes(),
        ...imageRoutes(),
        ...operationRoutes(),
        projectRoute(),
    ];
}

/** Public images; every project may read them. */
function imageRoutes(): Route[] {
    const path = `${PROJECT_PATH}/global/images` as const;
    const imageIn = ({ version, project }: { version: string; project: string }, name: string) => {
        checkVersion(version);
        return { body: imageAt(`projects/${project}/global/images/${name}`) };
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
                    allow(request, "compute.images.list");
                }
                const parent = `projects/${params.project}/global/images`;
                return { body: listOf(query, "compute#imageList", parent, imagesOf(params.project)) };
            },
            LIST,
        ),
    ];
}

function operationRoutes(): Route[] {
    const scopes = ["global", "zones/:place", "regions/:place"] as const;
    return scopes.flatMap((scope) => {
        const pattern = `${PROJECT_PATH}/${scope}/operations/:operation` as const;
        const path = (params: { project: string; operation: string; place?: string }) =>
            `projects/${params.project}/${scope.replace(":place", params.place ?? "")}/operations/${params.operation}`;
        return [
            route("GET", pattern, (request) => ({
                body: allow(request, "compute.zoneOperations.get").operations.get(path(request.params)),
            })),
            route("POST", `${pattern}/wait`, async (request) => ({
                body: await allow(request, "compute.zoneOperations.get").operations.wait(path(request.params)),
            })),
        ];
    });
}

/** https://cloud.google.com/compute/docs/reference/rest/v1/projects/get; the provider asks by number too. */
function projectRoute(): Route {
    return route("GET", PROJECT_PATH, async (request) => {
        allow(request, "compute.projects.get");
        const project = await request.services.projects.get(request.params.project);
        return {
            body: {
                kind: "compute#project",
                id: project.projectNumber,
                name: project.projectId,
                creationTimestamp: project.createTime,
                commonInstanceMetadata: { kind: "compute#metadata", fingerprint: fingerprint({ items: [] }) },
                defaultServiceAccount: `${project.projectNumber}-compute@developer.gserviceaccount.com`,
                selfLink: selfLink(`projects/${project.projectId}`),
                defaultNetworkTier: "PREMIUM",
                xpnProjectStatus: "UNSPECIFIED_XPN_PROJECT_STATUS",
            },
        };
    });
}
