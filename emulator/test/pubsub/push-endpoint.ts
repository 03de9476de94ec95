import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** An endpoint that records its requests, and answers them with these statuses; the last one is repeated. */
export class PushEndpoint {
    readonly received: { method: string; headers: IncomingHttpHeaders; body: string }[] = [];
    readonly #server: Server;
    #wake: () => void = () => undefined;

    constructor(...statuses: number[]) {
        this.#server = createServer(async (request, response) => {
            const chunks: Buffer[] = [];
            for await (const chunk of request) {
                chunks.push(chunk as Buffer);
            }
            const { method = "", headers } = request;
            response.writeHead(statuses[Math.min(this.received.length, statuses.length - 1)] ?? 204).end();
            this.received.push({ method, headers, body: Buffer.concat(chunks).toString() });
            this.#wake();
        });
    }

    async start(): Promise<string> {
        this.#server.listen(0, "127.0.0.1");
        await once(this.#server, "listening");
        return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook?key=secret`;
    }

    /** Waits until this many requests have arrived. */
    async until(count: number): Promise<void> {
        while (this.received.length < count) {
            await new Promise<void>((resolve) => {
                this.#wake = resolve;
            });
        }
    }

    async stop(): Promise<void> {
        this.#server.closeAllConnections();
        this.#server.close();
        await once(this.#server, "close");
    }
}
