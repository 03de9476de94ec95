import { invalid, preconditionFailed } from "../http/errors";
import { type Route, route } from "../http/router";
import { allow, CHANGE, change, LIST, PROJECT_PATH } from "./access";
import {
    checkAccounts,
    checkLabels,
    checkMetadata,
    machineTypePath,
    newScheduling,
    newShieldedConfig,
} from "./instance-checks";
import {
    instanceBody,
    setLabelsBody,
    setMachineTypeBody,
    setMetadataBody,
    setSchedulingBody,
    setServiceAccountBody,
    setTagsBody,
    shieldedBody,
} from "./instance-schema";
import { checkZone, fingerprint, selfLink } from "./links";
import { listOf } from "./listing";

const INSTANCES = `${PROJECT_PATH}/zones/:zone/instances` as const;
const ONE = `${INSTANCES}/:name` as const;

type Name = { readonly project: string; readonly zone: string; readonly name: string };
const pathOf = (params: Name) => `projects/${params.project}/zones/${params.zone}/instances/${params.name}`;

/** Instances: https://cloud.google.com/compute/docs/reference/rest/v1/instances */
export function instanceRoutes(): Route[] {
    return [...lifeRoutes(), ...serialRoutes(), ...updateRoutes(), ...controlRoutes()];
}

function lifeRoutes(): Route[] {
    return [
        route(
            "POST",
            INSTANCES,
            (request) =>
                change(request, "compute.instances.create", "insert", async ({ instances }) => {
                    const { project, zone } = request.params;
                    const body = await request.read(instanceBody);
                    return instances.insert({ project, zone: checkZone(project, zone) }, body);
                }),
            CHANGE,
        ),
        route(
            "GET",
            INSTANCES,
            (request) => {
                const parent = `projects/${request.params.project}/zones/${request.params.zone}`;
                const items = allow(request, "compute.instances.list").instances.list(parent);
                return { body: listOf(request.query, "compute#instanceList", `${parent}/instances`, items) };
            },
            LIST,
        ),
        route(
            "GET",
            ONE,
            (request) => ({ body: allow(request, "compute.instances.get").instances.view(pathOf(request.params)) }),
            { query: ["view"] },
        ),
        route(
            "DELETE",
            ONE,
            (request) =>
                change(request, "compute.instances.delete", "delete", ({ instances }) =>
                    instances.delete(pathOf(request.params)),
                ),
            { query: ["requestId", "noGracefulShutdown"] },
        ),
        route(
            "POST",
            `${ONE}/start`,
            (request) =>
                change(request, "compute.instances.start", "start", ({ instances }) =>
                    instances.start(pathOf(request.params)),
                ),
            CHANGE,
        ),
        route(
            "POST",
            `${ONE}/stop`,
            async (request) => {
                const compute = allow(request, "compute.instances.stop");
                const { instance, finished } = await compute.instances.stop(pathOf(request.params));
                return { body: compute.operations.add("stop", instance, request.principal, finished) };
            },
            { query: ["requestId", "discardLocalSsd", "noGracefulShutdown"] },
        ),
        route(
            "POST",
            `${ONE}/reset`,
            (request) =>
                change(request, "compute.instances.reset", "reset", ({ instances }) =>
                    instances.reset(pathOf(request.params)),
                ),
            CHANGE,
        ),
    ];
}

function serialRoutes(): Route[] {
    return [
        route(
            "GET",
            `${ONE}/serialPort`,
            (request) => {
                const { instances } = allow(request, "compute.instances.getSerialPortOutput");
                const path = pathOf(request.params);
                const port = request.query.get("port") ?? "1";
                const start = request.query.get("start") ?? "0";
                if (!/^[1-4]$/.test(port) || !/^-?\d+$/.test(start)) {
                    throw invalid(`Invalid value for 'port' (1 to 4) or 'start' (a number): '${port}', '${start}'.`);
                }
                const serial = instances.serialPort(path);
                // Systems write to the first port only.
                const output = port === "1" ? serial.read(Number(start)) : { contents: "", start: 0, next: 0 };
                return {
                    body: {
                        kind: "compute#serialPortOutput",
                        selfLink: selfLink(`${path}/serialPort`),
                        contents: output.contents,
                        start: String(output.start),
                        next: String(output.next),
                    },
                };
            },
            { query: ["port", "start"] },
        ),
    ];
}

function updateRoutes(): Route[] {
    return [...fingerprintedRoutes(), ...stoppedRoutes(), ...otherRoutes()];
}

/** Read-modify-write: the fingerprint must be that of what is there. */
function fingerprintedRoutes(): Route[] {
    return [
        route(
            "POST",
            `${ONE}/setMetadata`,
            (request) =>
                change(request, "compute.instances.setMetadata", "setMetadata", async ({ instances }) => {
                    const body = await request.read(setMetadataBody);
                    const items = body.items ?? [];
                    checkMetadata(items);
                    return instances.update(pathOf(request.params), false, ({ metadata }) => {
                        checkFingerprint(body.fingerprint, metadata.fingerprint, "metadata");
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
                    return instances.update(pathOf(request.params), false, ({ tags }) => {
                        checkFingerprint(body.fingerprint, tags.fingerprint, "tags");
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
                    return instances.update(pathOf(request.params), false, ({ labelFingerprint }) => {
                        checkFingerprint(body.labelFingerprint, labelFingerprint, "labels");
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
                    return instances.update(pathOf(request.params), true, () => ({ machineType: selfLink(path) }));
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
                    return instances.update(pathOf(request.params), true, () => ({ serviceAccounts }));
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
                    return instances.update(pathOf(request.params), true, ({ shieldedInstanceConfig }) => ({
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
                    const body = await request.read(setSchedulingBody);
                    return instances.update(pathOf(request.params), false, ({ scheduling, guestAccelerators }) => ({
                        scheduling: newScheduling({ ...scheduling, ...body }, guestAccelerators !== undefined),
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
                    const deletionProtection = request.query.get("deletionProtection") !== "false";
                    return instances.update(pathOf(request.params), false, () => ({ deletionProtection }));
                });
            },
            { query: ["requestId", "deletionProtection"] },
        ),
        route(
            "POST",
            `${ONE}/setDiskAutoDelete`,
            (request) =>
                change(request, "compute.instances.update", "setDiskAutoDelete", ({ instances }) => {
                    const autoDelete = request.query.get("autoDelete") === "true";
                    const deviceName = request.query.get("deviceName");
                    return instances.update(pathOf(request.params), false, ({ disks }) => {
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

/** For tests and operators; no part of Google's API. */
function controlRoutes(): Route[] {
    return [
        route("POST", "/emulator/:version/projects/:project/zones/:zone/instances/:name\\:preempt", (request) =>
            change(request, "compute.instances.stop", "compute.instances.preempted", ({ instances }) =>
                instances.preempt(pathOf(request.params)),
            ),
        ),
    ];
}

function checkFingerprint(given: string | undefined, current: string, what: string): void {
    if (given !== current) {
        throw preconditionFailed(
            `Supplied fingerprint does not match current ${what} fingerprint. Read the instance again and send its fingerprint (${current}).`,
        );
    }
}
