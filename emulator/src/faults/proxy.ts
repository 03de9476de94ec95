import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { type FaultPlan, type FaultRule, isControl } from "./rule";

/** A proxy's ports and the faults that it injects. */
export interface FaultProxyOptions {
    readonly plan: FaultPlan;
    /** Port on 127.0.0.1 to which requests are forwarded. */
    readonly targetPort: number;
    /** Port on 127.0.0.1 to listen on. Default: 0, any free port. */
    readonly port?: number;
    /** Name that the plan's rules use for this port. */
    readonly side: "main" | "vm";
}

interface Answer {
    readonly status: number;
    readonly headers: IncomingHttpHeaders;
    readonly body: Buffer;
}

/** A running proxy. */
export interface FaultProxy {
    readonly port: number;
    stop(): Promise<void>;
}

const HTML = "<!doctype html><title>Sign in</title><p>Sign in to this network to continue.</p>\n";

/**
 * Starts an HTTP proxy on loopback that forwards every request except those that a fault hits. Requests without a fault
 * are streamed in both directions, so a large upload uses little memory in the proxy.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
    const server = createServer((message, response) => {
        serve(message, response).catch(() => response.destroy());
    });
    server.requestTimeout = 0;
    // Like the emulator's own server, this one never closes an idle connection.
    server.keepAliveTimeout = 0;
    server.listen(options.port ?? 0, "127.0.0.1");
    try {
        await once(server, "listening");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new Error(`The emulator cannot listen on 127.0.0.1:${options.port} (${code}): choose a free port.`, {
            cause: error,
        });
    }
    const { port } = server.address() as AddressInfo;
    const sockets = new Set<Socket>();
    server.on("connection", (socket) => {
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket));
    });
    /** Connections for the emulator's own control requests, such as a VM's lifeline, which do not cross a network. */
    const controls = new WeakSet<Socket>();
    let isStopped = false;
    let reopening: Promise<unknown> = Promise.resolve();

    async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
        if (isControl(message.url ?? "/")) {
            controls.add(message.socket);
        }
        const rule = options.plan.next(options.side, message.method ?? "GET", message.url ?? "/");
        if (rule === undefined) {
            await pass(options.targetPort, message, response);
        } else if (rule.kind === "refuse") {
            reopening = refuse(rule.ms);
        } else {
            await inject(options.targetPort, rule, message, response);
        }
    }

    /** Closes the port and every connection, then opens the port again. */
    async function refuse(ms: number): Promise<void> {
        server.close();
        for (const socket of sockets) {
            if (!controls.has(socket)) {
                socket.destroy();
            }
        }
        await sleep(Math.max(ms, 1));
        if (!isStopped) {
            server.listen(port, "127.0.0.1");
            await once(server, "listening");
        }
    }

    return {
        port,
        stop: async () => {
            isStopped = true;
            await reopening;
            const ended = [...sockets].map((socket) => once(socket, "close"));
            if (server.listening) {
                ended.push(once(server, "close"));
                server.close();
            }
            server.closeAllConnections();
            await Promise.all(ended);
        },
    };
}

async function pass(port: number, message: IncomingMessage, response: ServerResponse): Promise<void> {
    const outgoing = request({ port, host: "127.0.0.1", ...lineOf(message), headers: message.headers, agent: false });
    message.pipe(outgoing);
    // The server may respond before it has read everything. Discard the rest, because the next request follows it.
    response.once("finish", () => message.unpipe(outgoing).resume());
    // If either side disconnects, the connection to the other side is closed too.
    response.once("close", () => outgoing.destroy());
    outgoing.on("error", () => response.destroy());
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    response.writeHead(incoming.statusCode ?? 502, withoutConnection(incoming.headers));
    incoming.once("aborted", () => response.destroy());
    incoming.pipe(response);
}

async function inject(
    port: number,
    rule: FaultRule,
    message: IncomingMessage,
    response: ServerResponse,
): Promise<void> {
    if (rule.kind === "reset-before") {
        message.socket.resetAndDestroy();
        return;
    }
    const body = await buffer(message);
    if (rule.kind === "status") {
        const text = JSON.stringify({ error: { code: rule.status, message: "Injected fault.", errors: [] } });
        send(response, {
            status: rule.status,
            headers: { "content-type": "application/json" },
            body: Buffer.from(text),
        });
        return;
    }
    if (rule.kind === "html") {
        send(response, { status: 200, headers: { "content-type": "text/html" }, body: Buffer.from(HTML) });
        return;
    }
    if (rule.kind === "duplicate") {
        await forward(port, message, body);
    }
    const answer = await forward(port, message, rule.kind === "damaged-request" ? damaged(body) : body);
    switch (rule.kind) {
        case "reset-after":
            message.socket.resetAndDestroy();
            return;
        case "half-body":
            response.writeHead(answer.status, withoutConnection(answer.headers));
            response.write(answer.body.subarray(0, Math.floor(answer.body.length / 2)), () => response.destroy());
            return;
        case "damaged-body":
            send(response, { ...answer, body: damaged(answer.body) });
            return;
        case "truncated-body":
            send(response, { ...answer, body: answer.body.subarray(0, Math.floor(answer.body.length / 2)) });
            return;
        case "empty-body":
            send(response, { ...answer, body: Buffer.alloc(0) });
            return;
        case "wrong-hash":
            send(response, { ...answer, headers: withWrongHashes(answer.headers) });
            return;
        case "delay":
            await sleep(rule.ms);
            send(response, answer);
            return;
        default:
            send(response, answer);
    }
}

async function forward(port: number, message: IncomingMessage, body: Buffer): Promise<Answer> {
    const { "transfer-encoding": _chunked, ...headers } = message.headers;
    const outgoing = request({
        port,
        host: "127.0.0.1",
        ...lineOf(message),
        headers: { ...headers, "content-length": body.length },
        agent: false,
    });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    return { status: incoming.statusCode ?? 502, headers: incoming.headers, body: await buffer(incoming) };
}

/** Sends a response whose content-length matches its body, unless the status or the request method rules out a body. */
function send(response: ServerResponse, { status, headers, body }: Answer): void {
    const isBodiless = response.req.method === "HEAD" || status === 204 || status === 304;
    const length = isBodiless ? {} : { "content-length": body.length };
    const { "transfer-encoding": _chunked, ...rest } = withoutConnection(headers);
    response.writeHead(status, { ...rest, ...length });
    response.end(isBodiless ? undefined : body);
}

function damaged(body: Buffer): Buffer {
    const copy = Buffer.from(body);
    const middle = Math.floor(copy.length / 2);
    if (copy.length > 0) {
        copy[middle] = (copy[middle] ?? 0) ^ 1;
    }
    return copy;
}

function withWrongHashes(headers: IncomingHttpHeaders): IncomingHttpHeaders {
    const hash = headers["x-goog-hash"];
    const text = Array.isArray(hash) ? hash.join(",") : hash;
    return text === undefined
        ? headers
        : {
              ...headers,
              "x-goog-hash": text.replace(/(crc32c|md5)=([^,]+)/g, (_all, name) => `${name}=${WRONG[name]}`),
          };
}

/** Hashes that do not match any content used in tests. */
const WRONG: Readonly<Record<string, string>> = { crc32c: "AAAAAQ==", md5: "AAAAAAAAAAAAAAAAAAAAAQ==" };

/** Connection-specific headers must not be forwarded. */
function withoutConnection({
    connection,
    "keep-alive": keepAlive,
    ...headers
}: IncomingHttpHeaders): IncomingHttpHeaders {
    return headers;
}

function lineOf(message: IncomingMessage): { method: string; path: string } {
    return { method: message.method ?? "GET", path: message.url ?? "/" };
}
