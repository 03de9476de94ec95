import { z } from "zod";
import { invalid } from "../http/errors";
import type { Route } from "../http/router";
import { aggregatedRoute } from "./aggregated";
import { checkLabels } from "./instance-checks";
import { fingerprint, inUse, lastSegment, pathOf, requireFingerprint } from "./links";
import { type ComputeServices, methodsOf } from "./methods";
import { body, int64, labels } from "./schema";
import { inProject } from "./spare-resources";

const resizeBody = body(z.strictObject({ sizeGb: int64 }));
const setLabelsBody = body(z.strictObject({ labels: labels.optional(), labelFingerprint: z.string().optional() }));

/** Boot disks: https://cloud.google.com/compute/docs/reference/rest/v1/disks */
export function diskRoutes(services: ComputeServices): Route[] {
    const { instances } = services.compute;
    const { disks } = instances;
    const { get, list, remove, verb } = methodsOf(services, "zones/:zone", "disks");
    return [
        get((path) => disks.get(path)),
        list((parent) => disks.list(parent)),
        aggregatedRoute(services, "disks", (project) => inProject(disks, project)),
        verb(
            "resize",
            async (path, request) => {
                const { sizeGb } = await request.read(resizeBody);
                const disk = disks.get(path);
                if (Number(sizeGb) <= Number(disk.sizeGb) || Number(sizeGb) > 65536) {
                    throw invalid(
                        `Invalid value for field 'sizeGb': '${sizeGb}'. Must be larger than the disk's ${disk.sizeGb} GB, and at most 65536.`,
                        "sizeGb",
                    );
                }
                for (const user of disk.users ?? []) {
                    await instances.update(pathOf({ selfLink: user }), false, (instance) => ({
                        disks: instance.disks.map((one) => ({ ...one, diskSizeGb: sizeGb })),
                    }));
                }
                return disks.put(path, { ...disk, sizeGb });
            },
            { operation: "resizeDisk" },
        ),
        verb("setLabels", async (path, request) => {
            const { labels: newLabels = {}, labelFingerprint } = await request.read(setLabelsBody);
            checkLabels(newLabels);
            const disk = disks.get(path);
            requireFingerprint(labelFingerprint, disk.labelFingerprint, "labels");
            return disks.put(path, { ...disk, labels: newLabels, labelFingerprint: fingerprint(newLabels) });
        }),
        remove(async (path) => {
            const { users = [] } = disks.get(path);
            if (users[0] !== undefined) {
                throw inUse(path, lastSegment(users[0]));
            }
            return disks.delete(path);
        }),
    ];
}
