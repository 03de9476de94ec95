import { z } from "zod";
import type { Route } from "../http/router";
import { aggregatedRoute } from "./aggregated";
import { checkLabels } from "./instance-checks";
import { checkName, checkRegion, fingerprint, newId, referencePath, selfLink, timestamp } from "./links";
import { type ComputeServices, methodsOf } from "./methods";
import { body, labels } from "./schema";
import { type CustomImage, inProject } from "./spare-resources";

const named = { name: z.string(), description: z.string().default(""), labels: labels.default({}) };
const addressBody = body(
    z.strictObject({
        ...named,
        addressType: z.literal("EXTERNAL").optional(),
        networkTier: z.literal("PREMIUM").optional(),
    }),
);
export const imageBody = body(z.strictObject({ ...named, sourceDisk: z.string() }));

/** Reserved external addresses. */
export function addressRoutes(services: ComputeServices): Route[] {
    const { addresses } = services.compute.spare;
    const { get, list, insert, remove } = methodsOf(services, "regions/:region", "addresses");
    return [
        insert(async (request) => {
            const { project, region } = request.params;
            const { name, description, labels: own } = await request.read(addressBody);
            const path = `projects/${project}/regions/${checkRegion(project, region)}/addresses/${checkName(name)}`;
            addresses.checkFree(path);
            return addresses.put(path, {
                kind: "compute#address",
                id: newId(),
                creationTimestamp: timestamp(),
                name,
                description,
                // A block of addresses reserved for documentation: https://www.rfc-editor.org/rfc/rfc5737
                address: `203.0.113.${1 + (addresses.entries().length % 254)}`,
                addressType: "EXTERNAL",
                networkTier: "PREMIUM",
                status: "RESERVED",
                region: selfLink(`projects/${project}/regions/${region}`),
                labels: checkLabels(own),
                labelFingerprint: fingerprint(own),
                selfLink: selfLink(path),
            });
        }),
        list((parent) => addresses.list(parent)),
        get((path) => addresses.get(path)),
        remove((path) => addresses.delete(path)),
        aggregatedRoute(services, "addresses", (project) => inProject(addresses, project)),
    ];
}

/** Creates an image from a disk. */
export async function insertImage(
    { compute }: ComputeServices,
    project: string,
    { name, description, labels: own, sourceDisk }: z.output<typeof imageBody>,
): Promise<CustomImage> {
    const { images } = compute.spare;
    const disk = compute.instances.disks.get(referencePath(sourceDisk, project, "resource.sourceDisk"));
    const path = `projects/${project}/global/images/${checkName(name)}`;
    images.checkFree(path);
    return await images.put(path, {
        kind: "compute#image",
        id: newId(),
        creationTimestamp: timestamp(),
        name,
        description,
        status: "READY",
        sourceType: "RAW",
        sourceDisk: disk.selfLink,
        diskSizeGb: disk.sizeGb,
        archiveSizeBytes: String(Number(disk.sizeGb) * 2 ** 29),
        labels: checkLabels(own),
        labelFingerprint: fingerprint(own),
        selfLink: selfLink(path),
    });
}
