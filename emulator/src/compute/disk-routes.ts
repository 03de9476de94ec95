import { z } from "zod";
import { invalid } from "../http/errors";
import { type Route, route } from "../http/router";
import { allow, CHANGE, change, LIST, PROJECT_PATH } from "./access";
import { checkLabels } from "./instance-checks";
import { fingerprint, inUse, lastSegment, pathOf, requireFingerprint } from "./links";
import { listOf } from "./listing";
import { body, int64, labels } from "./schema";

const DISKS = `${PROJECT_PATH}/zones/:zone/disks` as const;
const resizeBody = body(z.strictObject({ sizeGb: int64 }));
const setLabelsBody = body(z.strictObject({ labels: labels.optional(), labelFingerprint: z.string().optional() }));

type Name = { readonly project: string; readonly zone: string; readonly name: string };
const diskPath = (params: Name) => `projects/${params.project}/zones/${params.zone}/disks/${params.name}`;

/** Boot disks: https://cloud.google.com/compute/docs/reference/rest/v1/disks */
export function diskRoutes(): Route[] {
    return [
        route("GET", `${DISKS}/:name`, (request) => ({
            body: allow(request, "compute.disks.get").instances.disks.get(diskPath(request.params)),
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
                    const disk = instances.disks.get(diskPath(request.params));
                    if (Number(sizeGb) <= Number(disk.sizeGb) || Number(sizeGb) > 65536) {
                        throw invalid(
                            `Invalid value for field 'sizeGb': '${sizeGb}'. Must be larger than the disk's ${disk.sizeGb} GB, and at most 65536.`,
                            "sizeGb",
                        );
                    }
                    for (const user of disk.users ?? []) {
                        await instances.update(pathOf({ selfLink: user }), false, ({ disks }) => ({
                            disks: disks.map((one) => ({ ...one, diskSizeGb: sizeGb })),
                        }));
                    }
                    return instances.disks.put(diskPath(request.params), { ...disk, sizeGb });
                }),
            CHANGE,
        ),
        route(
            "POST",
            `${DISKS}/:name/setLabels`,
            (request) =>
                change(request, "compute.disks.setLabels", "setLabels", async ({ instances }) => {
                    const { labels: wanted = {}, labelFingerprint } = await request.read(setLabelsBody);
                    checkLabels(wanted);
                    const disk = instances.disks.get(diskPath(request.params));
                    requireFingerprint(labelFingerprint, disk.labelFingerprint, "labels");
                    const changed = { ...disk, labels: wanted, labelFingerprint: fingerprint(wanted) };
                    return instances.disks.put(diskPath(request.params), changed);
                }),
            CHANGE,
        ),
        route(
            "DELETE",
            `${DISKS}/:name`,
            (request) =>
                change(request, "compute.disks.delete", "delete", ({ instances }) => {
                    const { users = [] } = instances.disks.get(diskPath(request.params));
                    if (users[0] !== undefined) {
                        throw inUse(diskPath(request.params), lastSegment(users[0]));
                    }
                    return instances.disks.delete(diskPath(request.params));
                }),
            CHANGE,
        ),
    ];
}
