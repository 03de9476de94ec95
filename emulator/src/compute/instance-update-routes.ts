import { invalid } from "../http/errors";
import { readBoolean } from "../http/query";
import type { Route } from "../http/router";
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
import { fingerprint, requireFingerprint, selfLink } from "./links";
import { type ComputeServices, methodsOf } from "./methods";

/** In-place changes to an instance: https://cloud.google.com/compute/docs/instances/update-instance-properties */
export function instanceUpdateRoutes(services: ComputeServices): Route[] {
    return [...fingerprintedRoutes(services), ...stoppedRoutes(services), ...otherRoutes(services)];
}

/** Routes for read-modify-write changes, which require the current fingerprint in the request. */
function fingerprintedRoutes(services: ComputeServices): Route[] {
    const { instances } = services.compute;
    const { update, verb } = methodsOf(services, "zones/:zone", "instances");
    return [
        update(
            async (path, request) => {
                const body = await request.json<object>();
                return instances.update(path, false, (instance) => replacedFields(instance, body));
            },
            // The provider sends its changes to the URL from which it read the instance, including the query.
            ["view"],
        ),
        verb("setMetadata", async (path, request) => {
            const body = await request.read(setMetadataBody);
            const items = body.items ?? [];
            checkMetadata(items);
            return instances.update(path, false, ({ metadata }) => {
                requireFingerprint(body.fingerprint, metadata.fingerprint, "metadata");
                return { metadata: { kind: "compute#metadata", fingerprint: fingerprint({ items }), items } };
            });
        }),
        verb("setTags", async (path, request) => {
            const body = await request.read(setTagsBody);
            const items = body.items ?? [];
            return instances.update(path, false, ({ tags }) => {
                requireFingerprint(body.fingerprint, tags.fingerprint, "tags");
                return { tags: { fingerprint: fingerprint(items), ...(items.length === 0 ? {} : { items }) } };
            });
        }),
        verb("setLabels", async (path, request) => {
            const body = await request.read(setLabelsBody);
            const labels = checkLabels(body.labels ?? {});
            return instances.update(path, false, ({ labelFingerprint }) => {
                requireFingerprint(body.labelFingerprint, labelFingerprint, "labels");
                return { labels, labelFingerprint: fingerprint(labels) };
            });
        }),
    ];
}

/** Changes that Compute Engine allows only while the instance is stopped. */
function stoppedRoutes(services: ComputeServices): Route[] {
    const { instances } = services.compute;
    const { serviceAccounts: accounts } = services.iam;
    const { verb } = methodsOf(services, "zones/:zone", "instances");
    return [
        verb("setMachineType", async (path, request) => {
            const { machineType } = await request.read(setMachineTypeBody);
            const typePath = machineTypePath(machineType, request.params);
            return instances.update(path, true, () => ({ machineType: selfLink(typePath) }));
        }),
        verb("setServiceAccount", async (path, request) => {
            const { email, scopes = [] } = await request.read(setServiceAccountBody);
            const serviceAccounts = email === undefined || email === "" ? [] : [{ email, scopes }];
            checkAccounts(serviceAccounts, { accountExists: (account) => accounts.exists(account) });
            return instances.update(path, true, () => ({ serviceAccounts }));
        }),
        verb(
            "updateShieldedInstanceConfig",
            async (path, request) => {
                const patch = await request.read(shieldedBody);
                return instances.update(path, true, ({ shieldedInstanceConfig }) => ({
                    shieldedInstanceConfig: newShieldedConfig({ ...shieldedInstanceConfig, ...patch }),
                }));
            },
            { method: "PATCH" },
        ),
    ];
}

function otherRoutes(services: ComputeServices): Route[] {
    const { instances } = services.compute;
    const { verb } = methodsOf(services, "zones/:zone", "instances");
    return [
        verb("setScheduling", async (path, request) => {
            const body = await request.json<object>();
            return instances.update(path, false, (instance) => ({
                scheduling: changedScheduling(instance, body, `${request.method} ${request.path}`),
            }));
        }),
        verb(
            "setDeletionProtection",
            async (path, request) => {
                const deletionProtection = readBoolean(request.query, "deletionProtection", true);
                return instances.update(path, false, () => ({ deletionProtection }));
            },
            { query: ["deletionProtection"] },
        ),
        verb(
            "setDiskAutoDelete",
            async (path, request) => {
                const autoDelete = readBoolean(request.query, "autoDelete", false);
                const deviceName = request.query.get("deviceName");
                return instances.update(path, false, ({ disks }) => {
                    if (!disks.some((disk) => disk.deviceName === deviceName)) {
                        throw invalid(`No attached disk found with device name '${deviceName}'.`);
                    }
                    return { disks: disks.map((disk) => ({ ...disk, autoDelete })) };
                });
            },
            { query: ["autoDelete", "deviceName"] },
        ),
    ];
}
