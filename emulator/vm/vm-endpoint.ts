import { ApiServer } from "../http/server";
import { principalOf } from "../iam/tokens";
import type { Services } from "../services";
import { storageRoutes } from "../storage/routes";
import type { Machine } from "./machine";
import { machineRoutes, metadataRoutes } from "./metadata-server";
import type { MetadataSource } from "./metadata-tree";

/**
 * A VM's own endpoint on a free port: its metadata server, and Cloud Storage as its service account. Google's clients send
 * no token when STORAGE_EMULATOR_HOST is set, so it is the endpoint that tells who calls.
 */
export async function startVmEndpoint(
    services: Services,
    source: () => MetadataSource,
    machine: () => Machine,
): Promise<ApiServer> {
    return await ApiServer.start({
        routes: [...machineRoutes(machine), ...metadataRoutes(source), ...storageRoutes()],
        services,
        log: (line) => {
            const { name } = source();
            services.requestLog.add(line, name);
            services.options.log?.(`${line} (${name})`);
        },
        authenticate: (token) => {
            if (token !== undefined) {
                return principalOf(token);
            }
            const account = source().serviceAccount;
            return account === undefined ? { kind: "anonymous" } : { kind: "serviceAccount", email: account.email };
        },
    });
}
