import { startFaultProxy } from "./proxy";
import type { FaultPlan, FaultRule } from "./rule";

/** A server listening on 127.0.0.1. */
export interface Listener {
    readonly port: number;
    stop(): Promise<void>;
}

/** The port that clients see, and the faults injected there. */
export interface FrontOptions {
    /** Default: no faults, and no proxy. */
    readonly plan: FaultPlan | undefined;
    readonly side: NonNullable<FaultRule["port"]>;
    /** Default: 0, any free port. */
    readonly port?: number | undefined;
}

/**
 * Starts a server behind a fault proxy. Requests keep their Host header, so the addresses in the server's responses
 * lead to the proxy.
 * @param start starts the server on a port
 */
export async function startBehindFaults(
    { plan, side, port = 0 }: FrontOptions,
    start: (port: number) => Promise<Listener>,
): Promise<Listener> {
    if (plan === undefined) {
        return await start(port);
    }
    const server = await start(0);
    try {
        const proxy = await startFaultProxy({ plan, side, port, targetPort: server.port });
        return {
            port: proxy.port,
            stop: async () => {
                await proxy.stop();
                await server.stop();
            },
        };
    } catch (error) {
        await server.stop();
        throw error;
    }
}
