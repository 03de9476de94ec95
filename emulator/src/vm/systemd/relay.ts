import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { pipeline } from "node:stream";

/** A Unix socket that forwards to a port on this machine. A VM without a network uses it to reach the emulator. */
export class Relay {
    readonly #open = new Set<Socket>();

    readonly #server: Server;

    constructor(server: Server) {
        this.#server = server;
    }

    /** @param socketPath at most 107 bytes long (the limit for Unix sockets); an existing file is replaced */
    static async start(socketPath: string, port: number): Promise<Relay> {
        rmSync(socketPath, { force: true });
        const server = createServer({ allowHalfOpen: true });
        const relay = new Relay(server);
        server.on("connection", (client) => relay.#pass(client, port));
        server.listen(socketPath);
        await once(server, "listening");
        return relay;
    }

    /** Closes the socket and every connection. */
    async stop(): Promise<void> {
        const closed = once(this.#server, "close");
        this.#server.close();
        for (const socket of this.#open) {
            socket.destroy();
        }
        await closed;
    }

    #pass(client: Socket, port: number): void {
        const target = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
        for (const socket of [client, target]) {
            this.#open.add(socket);
            socket.once("close", () => this.#open.delete(socket));
        }
        // Either end may close at any time, which closes the other end too.
        pipeline(client, target, client, () => undefined);
    }
}
