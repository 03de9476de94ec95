import { invalid } from "../http/errors";
import { type Route, route } from "../http/router";
import { allow, CHANGE, change, LIST, PROJECT_PATH } from "./access";
import { instanceBody } from "./instance-schema";
import { instanceUpdateRoutes } from "./instance-update-routes";
import { interfaceRoutes } from "./interface-routes";
import { checkZone, instancePath, selfLink } from "./links";
import { listOf } from "./listing";

const INSTANCES = `${PROJECT_PATH}/zones/:zone/instances` as const;
const ONE = `${INSTANCES}/:name` as const;

/** Instances: https://cloud.google.com/compute/docs/reference/rest/v1/instances */
export function instanceRoutes(): Route[] {
    return [...lifeRoutes(), ...serialRoutes(), ...instanceUpdateRoutes(), ...interfaceRoutes(), ...controlRoutes()];
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
            (request) => ({
                body: allow(request, "compute.instances.get").instances.view(instancePath(request.params)),
            }),
            { query: ["view"] },
        ),
        route(
            "DELETE",
            ONE,
            (request) =>
                change(request, "compute.instances.delete", "delete", ({ instances }) =>
                    instances.delete(instancePath(request.params)),
                ),
            { query: ["requestId", "noGracefulShutdown"] },
        ),
        route(
            "POST",
            `${ONE}/start`,
            (request) =>
                change(request, "compute.instances.start", "start", ({ instances }) =>
                    instances.start(instancePath(request.params)),
                ),
            CHANGE,
        ),
        route(
            "POST",
            `${ONE}/stop`,
            async (request) => {
                const { instances, operations } = allow(request, "compute.instances.stop");
                const operation = await operations.once(request, async () => {
                    const { instance, finished } = await instances.stop(instancePath(request.params));
                    return operations.add("stop", instance, request.principal, finished);
                });
                return { body: operation };
            },
            { query: ["requestId", "discardLocalSsd", "noGracefulShutdown"] },
        ),
        route(
            "POST",
            `${ONE}/reset`,
            (request) =>
                change(request, "compute.instances.reset", "reset", ({ instances }) =>
                    instances.reset(instancePath(request.params)),
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
                const path = instancePath(request.params);
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

/** For tests and operators; no part of Google's API. */
function controlRoutes(): Route[] {
    return [
        route("POST", "/emulator/:version/projects/:project/zones/:zone/instances/:name\\:preempt", (request) =>
            change(request, "compute.instances.stop", "compute.instances.preempted", ({ instances }) =>
                instances.preempt(instancePath(request.params)),
            ),
        ),
    ];
}
