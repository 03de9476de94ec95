import { z } from "zod";
import { type Route, route } from "../http/router";
import { allow, CHANGE, change, LIST, PROJECT_PATH } from "./access";
import { imageAt } from "./images";
import { checkLabels } from "./instance-checks";
import { instanceRoutes } from "./instance-routes";
import { fingerprint, inUse, lastSegment, selfLink } from "./links";
import { listOf } from "./listing";
import { networkRoutes } from "./network-routes";
import { body, int64, labels } from "./schema";

const DISKS = `${PROJECT_PATH}/zones/:zone/disks` as const;
const resizeBody = body(z.strictObject({ sizeGb: int64 }));
const diskLabelsBody = body(z.strictObject({ labels: labels.optional(), labelFingerprint: z.string().optional() }));

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

function diskRoutes(): Route[] {
    const path = (params: { project: string; zone: string; name: string }) =>
        `projects/${params.project}/zones/${params.zone}/disks/${params.name}`;
    return [
        route("GET", `${DISKS}/:name`, (request) => ({
            body: allow(request, "compute.disks.get").instances.disks.get(path(request.params)),
        })),
        route(
            "GET",
            DISKS,
            (request) => {
                const parent = `projects/${request.params.project}/zones/${request.params.zone}`;
                const items = allow(request, "compute.disks.list").instances.disks.list(parent);
                return { body: listOf(request.query, "compute#diskList", `${parent}/disks`, items) };
            },
            LIST,
        ),
        route(
            "POST",
            `${DISKS}/:name/resize`,
            (request) =>
                change(request, "compute.disks.resize", "resizeDisk", async ({ instances }) => {
                    const { sizeGb } = await request.read(resizeBody);
                    const disk = instances.disks.get(path(request.params));
                    return instances.disks.put(path(request.params), { ...disk, sizeGb });
                }),
            CHANGE,
        ),
        route(
            "POST",
            `${DISKS}/:name/setLabels`,
            (request) =>
                change(request, "compute.disks.setLabels", "setLabels", async ({ instances }) => {
                    const wanted = checkLabels((await request.read(diskLabelsBody)).labels ?? {});
                    const disk = instances.disks.get(path(request.params));
                    const changed = { ...disk, labels: wanted, labelFingerprint: fingerprint(wanted) };
                    return instances.disks.put(path(request.params), changed);
                }),
            CHANGE,
        ),
        route(
            "DELETE",
            `${DISKS}/:name`,
            (request) =>
                change(request, "compute.disks.delete", "delete", ({ instances }) => {
                    const { users = [] } = instances.disks.get(path(request.params));
                    if (users[0] !== undefined) {
                        throw inUse(path(request.params), lastSegment(users[0]));
                    }
                    return instances.disks.delete(path(request.params));
                }),
            CHANGE,
        ),
    ];
}

/** Public images; every project may read them. */
function imageRoutes(): Route[] {
    const images = `${PROJECT_PATH}/global/images` as const;
    return [
        route("GET", `${images}/family/:family`, ({ params }) => ({
            body: imageAt(`projects/${params.project}/global/images/family/${params.family}`),
        })),
        route("GET", `${images}/:image`, ({ params }) => ({
            body: imageAt(`projects/${params.project}/global/images/${params.image}`),
        })),
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
