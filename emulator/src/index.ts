import { ApiServer } from "./http/server";
import { principalOf } from "./iam/tokens";
import { mainRoutes } from "./server";
import { createServices, lifecycle } from "./services";
import { lockFolder } from "./store/lock";
import type { RuntimeKind } from "./vm/guest/guest";

/** Port of `npm run emulator`; Pulumi.local.yaml points at it. */
export const DEFAULT_PORT = 9010;

/** How to start an emulator. */
export interface EmulatorOptions {
    /** Absolute path of the folder that holds all its data; made if missing. */
    readonly dataDir: string;
    /** Port on 127.0.0.1. Default 0: any free one. */
    readonly port?: number;
    /** What a VM is made of. */
    readonly runtime: RuntimeKind;
    /** IAM grants take effect so many milliseconds after they are made, as on Google Cloud, where it is minutes. Default 0. */
    readonly grantDelayMs?: number;
    /** Called with one line per request, for debugging. Default: none. */
    readonly log?: (line: string) => void;
}

/** Something that exists in the emulator and on Google Cloud would bill, or clutter a project. */
export interface InventoryItem {
    /** E.g. "storage bucket". */
    readonly kind: string;
    readonly name: string;
}

/** A running emulator. */
export interface Emulator {
    /** `http://127.0.0.1:<port>`, no trailing slash. */
    readonly url: string;
    readonly port: number;
    /** Stops every VM, frees the ports and the data folder. What it holds stays on disk. */
    stop(): Promise<void>;
    inventory(): Promise<InventoryItem[]>;
}

/**
 * Starts Google Cloud on this machine.
 *
 * @throws Error when the port is taken, another emulator uses the folder, or a document in it cannot be read
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
    const lock = await lockFolder(options.dataDir);
    try {
        const services = createServices(options);
        const parts = lifecycle(services);
        for (const part of parts) {
            await part.start?.();
        }
        const api = await ApiServer.start({
            routes: mainRoutes(),
            services,
            authenticate: principalOf,
            ...(options.port === undefined ? {} : { port: options.port }),
            log: (line) => {
                services.requestLog.add(line);
                options.log?.(line);
            },
        });
        services.listening.port = api.port;
        return {
            url: api.url,
            port: api.port,
            inventory: async () => parts.flatMap((part) => part.inventory?.() ?? []),
            stop: async () => {
                await api.stop();
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
