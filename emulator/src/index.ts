import { type Listener, startBehindFaults } from "./faults/front";
import { ApiServer } from "./http/server";
import type { Principal } from "./http/types";
import { readOperatorToken } from "./iam/operator-token";
import { principalOf } from "./iam/tokens";
import type { EmulatorOptions, InventoryItem } from "./service";
import { createServices, lifecycle, mainRoutes } from "./services";
import { lockFolder } from "./store/lock";

export { BatchFaults, parseBatchFault } from "./faults/batch-rule";
export { FaultPlan, type FaultRule, parseFaultRule } from "./faults/rule";
export { type OrgRules, parseOrgRules } from "./org/rules";
export type { BatchOptions, EmulatorOptions, InventoryItem } from "./service";

/** The port that `npm run emulator` and Pulumi.local.yaml use. */
export const DEFAULT_PORT = 9010;

/** A running emulator. */
export interface Emulator {
    /** `http://127.0.0.1:<port>`, no trailing slash. */
    readonly url: string;
    readonly port: number;
    /** The developer's bearer token, for `gcp:accessToken` in Pulumi or `access_token` in Terraform. */
    readonly operatorToken: string;
    /** Stops every VM, frees the ports and unlocks the data folder. The data stays on disk. */
    stop(): Promise<void>;
    inventory(): Promise<InventoryItem[]>;
    /**
     * Opens another port on which every request acts as this principal, regardless of its token.
     * @returns its `http://127.0.0.1:<port>`
     */
    openEndpoint(principal: Principal): Promise<string>;
}

/**
 * Starts a Google Cloud emulator on this machine.
 *
 * @throws Error if the port is taken, another emulator is using the folder, or a document in it cannot be read
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
    const lock = await lockFolder(options.dataDir);
    try {
        const operatorToken = options.operatorToken ?? readOperatorToken(options.dataDir);
        const services = createServices(options, operatorToken);
        const parts = lifecycle(services);
        for (const part of parts) {
            await part.start?.();
        }
        const front = { plan: options.faults, side: "main", port: options.port } as const;
        const api = await startBehindFaults(front, (port) =>
            ApiServer.start({
                routes: mainRoutes(services),
                authenticate: (token) => principalOf(token, operatorToken),
                port,
                log: (line) => {
                    services.requestLog.add(line);
                    options.log?.(line);
                },
            }),
        );
        services.listening.port = api.port;
        const endpoints: Listener[] = [api];
        return {
            url: `http://127.0.0.1:${api.port}`,
            port: api.port,
            operatorToken,
            inventory: async () => parts.flatMap((part) => part.inventory?.() ?? []),
            openEndpoint: async (principal) => {
                const endpoint = await ApiServer.start({
                    routes: mainRoutes(services),
                    authenticate: () => principal,
                });
                endpoints.push(endpoint);
                return endpoint.url;
            },
            stop: async () => {
                await Promise.all(endpoints.map((endpoint) => endpoint.stop()));
                for (const part of [...parts].reverse()) {
                    await part.stop?.();
                }
                await services.documents.flush();
                await lock.release();
            },
        };
    } catch (error) {
        await lock.release();
        throw error;
    }
}
