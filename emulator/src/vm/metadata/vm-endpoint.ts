import { type Listener, startBehindFaults } from "../../faults/front";
import type { FaultPlan } from "../../faults/rule";
import { permissionDenied } from "../../http/errors";
import type { Route } from "../../http/router";
import { ApiServer } from "../../http/server";
import type { Principal } from "../../http/types";
import { principalOf } from "../../iam/tokens";
import type { Guest } from "../guest/guest";
import { guestRoutes, metadataRoutes } from "./metadata-server";
import type { MetadataSource } from "./metadata-tree";

const AUTH = "https://www.googleapis.com/auth/";
const READ_SCOPES = ["devstorage.read_only", "devstorage.read_write", "devstorage.full_control", "cloud-platform"];
const WRITE_SCOPES = READ_SCOPES.slice(1);

/** Host names under which programs in a VM reach its metadata server. */
const METADATA_NAMES = ["169.254.169.254", "metadata.google.internal", "metadata"];

/** The services that an endpoint offers besides metadata, and the endpoint's request log. */
export interface EndpointHost {
    /** Cloud Storage's routes. */
    readonly storage: readonly Route[];
    /**
     * Secret Manager's route for reading payloads and Pub/Sub's route for publishing. Unlike Cloud Storage's routes,
     * they require a token.
     */
    readonly withToken: readonly Route[];
    /** Faults to inject on the endpoint; undefined for none. */
    readonly faults: FaultPlan | undefined;
    /** Called with one line per request and the name of the VM. */
    readonly log: (line: string, vm: string) => void;
}

/**
 * A VM's own endpoint, on a free port. It serves the VM's metadata, and Cloud Storage on behalf of the VM's service
 * account: Google's clients send no token when STORAGE_EMULATOR_HOST is set, so the endpoint identifies the caller.
 */
export async function startVmEndpoint(
    host: EndpointHost,
    source: () => MetadataSource,
    machine: () => Guest,
): Promise<Listener> {
    // Read the name now, because the instance may be gone by the time the last requests are logged.
    const { name } = source();
    const options = {
        names: METADATA_NAMES,
        routes: [
            ...guestRoutes(machine),
            ...metadataRoutes(source),
            ...host.withToken,
            ...host.storage.map((one) => withinScopes(one, () => source().serviceAccount?.scopes ?? [])),
        ],
        log: (line: string) => host.log(line, name),
        authenticate: (token: string | undefined): Principal => {
            if (token !== undefined) {
                return principalOf(token, undefined);
            }
            const account = source().serviceAccount;
            return account === undefined ? { kind: "anonymous" } : { kind: "serviceAccount", email: account.email };
        },
    };
    return await startBehindFaults({ plan: host.faults, side: "vm" }, (port) => ApiServer.start({ ...options, port }));
}

/**
 * Restricts a Cloud Storage route to VMs with a suitable access scope. Scopes limit a VM in addition to IAM.
 * @see https://cloud.google.com/compute/docs/access/service-accounts#accesscopesiam
 */
function withinScopes(one: Route, scopes: () => readonly string[]): Route {
    const allowed = (one.method === "GET" ? READ_SCOPES : WRITE_SCOPES).map((scope) => AUTH + scope);
    return {
        ...one,
        handler: (request) => {
            if (!scopes().some((scope) => allowed.includes(scope))) {
                throw permissionDenied(
                    `Provided scope(s) are not authorized: the VM's access scopes include none of ${allowed.join(", ")}`,
                );
            }
            return one.handler(request);
        },
    };
}
