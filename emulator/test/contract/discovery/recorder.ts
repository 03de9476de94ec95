import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A request and its response, as sent over the wire. */
export interface Exchange {
    readonly method: string;
    /** Path with query, as sent. */
    readonly target: string;
    readonly requestHeaders: IncomingHttpHeaders;
    readonly requestBody: Buffer;
    readonly status: number;
    readonly responseHeaders: IncomingHttpHeaders;
    readonly responseBody: Buffer;
}

/**
 * Identifies the request to interrupt. The first `afterBytes` of its body are forwarded, then the caller's connection
 * is cut.
 */
export interface Interruption {
    readonly matches: (message: IncomingMessage) => boolean;
    readonly afterBytes: number;
}

/** A proxy on loopback in front of the emulator that records every exchange. It forwards the caller's Host header. */
export class Recorder {
    readonly exchanges: Exchange[] = [];
    /** Number of requests that were cut off. */
    interrupted = 0;
    #interruption: Interruption | undefined;
    #corruption: ((message: IncomingMessage) => boolean) | undefined;

    readonly #server: Server;
    readonly #target: URL;
    readonly #prefix: string;

    constructor(server: Server, target: URL, prefix: string) {
        this.#server = server;
        this.#target = target;
        this.#prefix = prefix;
    }

    /**
     * @param prefix inserted before the path of every request, for clients that know an API only by its host
     */
    static async start(target: string, prefix = ""): Promise<Recorder> {
        const server = createServer();
        // Like the emulator, the recorder never closes an idle connection; see http/server.ts.
        server.keepAliveTimeout = 0;
        const recorder = new Recorder(server, new URL(target), prefix);
        server.on("request", (message: IncomingMessage, response) => {
            // Keep a reference: the message releases its socket if reading ends early.
            const { socket } = message;
            recorder.#pass(message).then(
                ({ status, responseHeaders, responseBody }) => {
                    response.writeHead(status, responseHeaders);
                    response.end(responseBody);
                },
                () => socket.destroy(),
            );
        });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        return recorder;
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    /** `http://127.0.0.1:<port>`, without a trailing slash. */
    get url(): string {
        return `http://127.0.0.1:${this.port}`;
    }

    /** Interrupts the next matching request, once. */
    interruptNext(interruption: Interruption): void {
        this.#interruption = interruption;
    }

    /** Changes one byte in the next matching response, once. */
    corruptNext(matches: (message: IncomingMessage) => boolean): void {
        this.#corruption = matches;
    }

    async stop(): Promise<void> {
        const closed = once(this.#server, "close");
        this.#server.close();
        this.#server.closeAllConnections();
        await closed;
    }

    async #pass(message: IncomingMessage): Promise<Exchange> {
        const target = this.#prefix + (message.url ?? "/");
        const onward = request({
            host: this.#target.hostname,
            port: this.#target.port,
            method: message.method ?? "GET",
            path: target,
            headers: message.headers,
            agent: false,
        });
        const answered = once(onward, "response") as Promise<[IncomingMessage]>;
        // A cut connection is not a test failure.
        answered.catch(() => undefined);
        const interruption = this.#interruption?.matches(message) === true ? this.#interruption : undefined;
        const requestBody = await this.#forward(message, interruption, onward);
        const [answer] = await answered;
        const exchange = {
            method: message.method ?? "GET",
            target,
            requestHeaders: message.headers,
            requestBody,
            status: answer.statusCode ?? 0,
            responseHeaders: answer.headers,
            responseBody: await readBody(answer),
        };
        if (this.#corruption?.(message) === true) {
            this.#corruption = undefined;
            exchange.responseBody[0] = (exchange.responseBody[0] ?? 0) ^ 1;
        }
        this.exchanges.push(exchange);
        return exchange;
    }

    async #forward(
        message: IncomingMessage,
        interruption: Interruption | undefined,
        onward: ReturnType<typeof request>,
    ): Promise<Buffer> {
        const chunks: Buffer[] = [];
        let size = 0;
        for await (const chunk of message as AsyncIterable<Buffer>) {
            chunks.push(chunk);
            size += chunk.length;
            if (interruption !== undefined && size >= interruption.afterBytes) {
                this.#interruption = undefined;
                this.interrupted += 1;
                const rest = chunk.subarray(0, chunk.length - (size - interruption.afterBytes));
                // Send this part first, so that the server has received it when the connection breaks.
                await new Promise((resolve) => onward.write(rest, resolve));
                onward.destroy();
                throw new Error("cut off");
            }
            onward.write(chunk);
        }
        onward.end();
        return Buffer.concat(chunks);
    }
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of message as AsyncIterable<Buffer>) {
        chunks.push(chunk);
    }
    return Buffer.concat(chunks);
}
