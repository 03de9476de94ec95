import { ApiError, invalid } from "../http/errors";
import { type Route, route } from "../http/router";
import type { Principal } from "../http/types";
import { aggregatedRoute } from "./aggregated";
import { instanceBody } from "./instance-schema";
import { instanceUpdateRoutes } from "./instance-update-routes";
import { interfaceRoutes } from "./interface-routes";
import { checkZone, instancePath, referencePath, selfLink } from "./links";
import { allow, type ComputeServices, change, methodsOf, PROJECT_PATH, requirePermission } from "./methods";

/** Instances: https://cloud.google.com/compute/docs/reference/rest/v1/instances */
export function instanceRoutes(services: ComputeServices): Route[] {
    return [
        ...lifeRoutes(services),
        aggregatedRoute(services, "instances", (project) => services.compute.instances.inProject(project)),
        serialPortRoute(services),
        ...instanceUpdateRoutes(services),
        ...interfaceRoutes(services),
        preemptRoute(services),
    ];
}

function lifeRoutes(services: ComputeServices): Route[] {
    const { instances } = services.compute;
    const { get, list, insert, remove, verb } = methodsOf(services, "zones/:zone", "instances");
    return [
        insert(async (request) => {
            const { project, zone } = request.params;
            const body = await request.read(instanceBody);
            const subnetwork = body.networkInterfaces[0]?.subnetwork;
            if (subnetwork !== undefined) {
                const path = referencePath(subnetwork, project, "resource.networkInterfaces[0].subnetwork");
                requirePermission(services, request.principal, "compute.subnetworks.use", path);
            }
            for (const { email } of body.serviceAccounts ?? []) {
                requireActAs(services, request.principal, email);
            }
            return instances.insert({ project, zone: checkZone(project, zone) }, body);
        }),
        list((parent) => instances.list(parent)),
        get((path) => instances.instances.get(path), ["view"]),
        remove((path) => instances.delete(path), ["noGracefulShutdown"]),
        verb("start", (path) => instances.start(path)),
        verb("stop", (path, { query }) => instances.stop(path, query.get("discardLocalSsd") ?? undefined), {
            query: ["discardLocalSsd", "noGracefulShutdown"],
        }),
        verb("reset", (path) => instances.reset(path)),
    ];
}

function serialPortRoute(services: ComputeServices): Route {
    return route(
        "GET",
        `${PROJECT_PATH}/zones/:zone/instances/:name/serialPort`,
        (request) => {
            allow(services, request, "compute.instances.getSerialPortOutput");
            const path = instancePath(request.params);
            const port = request.query.get("port") ?? "1";
            const start = request.query.get("start") ?? "0";
            if (!/^[1-4]$/.test(port) || !/^-?\d+$/.test(start)) {
                throw invalid(`Invalid value for 'port' (1 to 4) or 'start' (a number): '${port}', '${start}'.`);
            }
            const serial = services.compute.instances.serialPort(path);
            // Guests write only to the first port.
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
    );
}

/** Preempts a spot instance, for tests and operators. This is not part of Google's API. */
function preemptRoute(services: ComputeServices): Route {
    return route("POST", "/emulator/:version/projects/:project/zones/:zone/instances/:name\\:preempt", (request) =>
        change(services, request, "compute.instances.stop", "compute.instances.preempted", () =>
            services.compute.instances.preempt(instancePath(request.params)),
        ),
    );
}

/** @throws ApiError 400 with Compute Engine's message: https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-service-accounts */
function requireActAs({ iam }: ComputeServices, principal: Principal, email: string): void {
    const project = /@([^.]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ?? "-";
    const resource = `projects/${project}/serviceAccounts/${email}`;
    if (email !== "default" && !iam.policies.check(principal, "iam.serviceAccounts.actAs", resource)) {
        const user = principal.kind === "serviceAccount" ? principal.email : "anonymous";
        throw new ApiError(
            400,
            "SERVICE_ACCOUNT_ACCESS_DENIED",
            `The user does not have access to service account '${email}'.  User: '${user}'.  Ask a project owner to grant you the iam.serviceAccountUser role on the service account`,
        );
    }
}
