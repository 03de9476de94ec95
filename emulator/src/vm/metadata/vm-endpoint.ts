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

/** Hosts that programs in a VM call its metadata server by. */
const METADATA_NAMES = ["169.254.169.254", "metadata.google.internal", "metadata"];

/** Services of an endpoint besides metadata, and the receiver of its request log. */
export interface EndpointHost {
    /** Cloud Storage's routes. */
    readonly storage: readonly Route[];
    /** Secret Manager's route to a payload. It takes a token, unlike those of Cloud Storage. */
    readonly secrets: readonly Route[];
    /** Faults of the endpoint; undefined for none. */
    readonly faults: FaultPlan | undefined;
    /** Called with one line per request, and the name of the VM. */
    readonly log: (line: string, vm: string) => void;
}

/**
 * A VM's own endpoint on a free port: its metadata server, and Cloud Storage as its service account. Google's clients send
 * no token when STORAGE_EMULATOR_HOST is set, so it is the endpoint that tells who calls.
 */
export async function startVmEndpoint(
    host: EndpointHost,
    source: () => MetadataSource,
    machine: () => Guest,
): Promise<Listener> {
    // Asked now: the last requests are logged when the instance may be gone.
    const { name } = source();
    const options = {
        names: METADATA_NAMES,
        routes: [
            ...guestRoutes(machine),
            ...metadataRoutes(source),
            ...host.secrets,
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
 * A route of Cloud Storage, for tokens of these access scopes: they limit a VM beside IAM.
 * @see https://cloud.google.com/compute/docs/access/service-accounts#accesscopesiam
 */
function withinScopes(one: Route, scopes: () => readonly string[]): Route {
    const allowed = (one.method === "GET" ? READ_SCOPES : WRITE_SCOPES).map((scope) => AUTH + scope);
    return {
        ...one,
        handler: (request) => {
            if (!scopes().some((scope) => allowed.includes(scope))) {
                throw permissionDenied(
                    `Provided scope(s) are not authorized: the VM's access scopes lack all of ${allowed.join(", ")}`,
                );
            }
            return one.handler(request);
        },
    };
}
