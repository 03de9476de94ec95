import { invalid } from "../http/errors";
import { readBoolean } from "../http/query";
import { type Route, route } from "../http/router";
import { CHANGE, change, PROJECT_PATH } from "./access";
import { checkAccounts, checkLabels, checkMetadata, machineTypePath, newShieldedConfig } from "./instance-checks";
import {
    setLabelsBody,
    setMachineTypeBody,
    setMetadataBody,
    setServiceAccountBody,
    setTagsBody,
    shieldedBody,
} from "./instance-schema";
import { changedScheduling, replacedFields } from "./instance-updates";
import { fingerprint, instancePath, requireFingerprint, selfLink } from "./links";

const ONE = `${PROJECT_PATH}/zones/:zone/instances/:name` as const;

/** Changes of an instance in place: https://cloud.google.com/compute/docs/instances/update-instance-properties */
export function instanceUpdateRoutes(): Route[] {
    return [...fingerprintedRoutes(), ...stoppedRoutes(), ...otherRoutes()];
}

/** Read-modify-write: the fingerprint must be that of what is there. */
function fingerprintedRoutes(): Route[] {
    return [
        route(
            "PUT",
            ONE,
            (request) =>
                change(request, "compute.instances.update", "update", async ({ instances }) => {
                    const body = await request.json<object>();
                    return instances.update(instancePath(request.params), false, (instance) =>
                        replacedFields(instance, body),
                    );
                }),
            // The provider writes to the very URL that it has read from.
            { query: ["requestId", "view"] },
        ),
        route(
            "POST",
            `${ONE}/setMetadata`,
            (request) =>
                change(request, "compute.instances.setMetadata", "setMetadata", async ({ instances }) => {
                    const body = await request.read(setMetadataBody);
                    const items = body.items ?? [];
                    checkMetadata(items);
                    return instances.update(instancePath(request.params), false, ({ metadata }) => {
                        requireFingerprint(body.fingerprint, metadata.fingerprint, "metadata");
                        return { metadata: { kind: "compute#metadata", fingerprint: fingerprint({ items }), items } };
                    });
                }),
            CHANGE,
        ),
        route(
            "POST",
            `${ONE}/setTags`,
            (request) =>
                change(request, "compute.instances.setTags", "setTags", async ({ instances }) => {
                    const body = await request.read(setTagsBody);
                    const items = body.items ?? [];
                    return instances.update(instancePath(request.params), false, ({ tags }) => {
                        requireFingerprint(body.fingerprint, tags.fingerprint, "tags");
                        return { tags: { fingerprint: fingerprint(items), ...(items.length === 0 ? {} : { items }) } };
                    });
                }),
            CHANGE,
        ),
        route(
            "POST",
            `${ONE}/setLabels`,
            (request) =>
                change(request, "compute.instances.setLabels", "setLabels", async ({ instances }) => {
                    const body = await request.read(setLabelsBody);
                    const labels = checkLabels(body.labels ?? {});
                    return instances.update(instancePath(request.params), false, ({ labelFingerprint }) => {
                        requireFingerprint(body.labelFingerprint, labelFingerprint, "labels");
                        return { labels, labelFingerprint: fingerprint(labels) };
                    });
                }),
            CHANGE,
        ),
    ];
}

/** What Compute Engine changes only while the instance is stopped. */
function stoppedRoutes(): Route[] {
    return [
        route(
            "POST",
            `${ONE}/setMachineType`,
            (request) =>
                change(request, "compute.instances.setMachineType", "setMachineType", async ({ instances }) => {
                    const { machineType } = await request.read(setMachineTypeBody);
                    const path = machineTypePath(machineType, request.params);
                    return instances.update(instancePath(request.params), true, () => ({
                        machineType: selfLink(path),
                    }));
                }),
            CHANGE,
        ),
        route(
            "POST",
            `${ONE}/setServiceAccount`,
            (request) =>
                change(request, "compute.instances.setServiceAccount", "setServiceAccount", async ({ instances }) => {
                    const { email, scopes = [] } = await request.read(setServiceAccountBody);
                    const serviceAccounts = email === undefined || email === "" ? [] : [{ email, scopes }];
                    checkAccounts(serviceAccounts, {
                        accountExists: (account) => request.services.serviceAccounts.exists(account),
                    });
                    return instances.update(instancePath(request.params), true, () => ({ serviceAccounts }));
                }),
            CHANGE,
        ),
        route(
            "PATCH",
            `${ONE}/updateShieldedInstanceConfig`,
            (request) => {
                const permission = "compute.instances.updateShieldedInstanceConfig";
                return change(request, permission, "updateShieldedInstanceConfig", async ({ instances }) => {
                    const patch = await request.read(shieldedBody);
                    return instances.update(instancePath(request.params), true, ({ shieldedInstanceConfig }) => ({
                        shieldedInstanceConfig: newShieldedConfig({ ...shieldedInstanceConfig, ...patch }),
                    }));
                });
            },
            CHANGE,
        ),
    ];
}

function otherRoutes(): Route[] {
    return [
        route(
            "POST",
            `${ONE}/setScheduling`,
            (request) =>
                change(request, "compute.instances.setScheduling", "setScheduling", async ({ instances }) => {
                    const body = await request.json<object>();
                    return instances.update(instancePath(request.params), false, (instance) => ({
                        scheduling: changedScheduling(instance, body, `${request.method} ${request.path}`),
                    }));
                }),
            CHANGE,
        ),
        route(
            "POST",
            `${ONE}/setDeletionProtection`,
            (request) => {
                const permission = "compute.instances.setDeletionProtection";
                return change(request, permission, "setDeletionProtection", ({ instances }) => {
                    const deletionProtection = readBoolean(request.query, "deletionProtection", true);
                    return instances.update(instancePath(request.params), false, () => ({ deletionProtection }));
                });
            },
            { query: ["requestId", "deletionProtection"] },
        ),
        route(
            "POST",
            `${ONE}/setDiskAutoDelete`,
            (request) =>
                change(request, "compute.instances.setDiskAutoDelete", "setDiskAutoDelete", ({ instances }) => {
                    const autoDelete = readBoolean(request.query, "autoDelete", false);
                    const deviceName = request.query.get("deviceName");
                    return instances.update(instancePath(request.params), false, ({ disks }) => {
                        if (!disks.some((disk) => disk.deviceName === deviceName)) {
                            throw invalid(`No attached disk found with device name '${deviceName}'.`);
                        }
                        return { disks: disks.map((disk) => ({ ...disk, autoDelete })) };
                    });
                }),
            { query: ["requestId", "autoDelete", "deviceName"] },
        ),
    ];
}
