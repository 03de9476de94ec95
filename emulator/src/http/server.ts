import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIPv6, type Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ZodType } from "zod";
import { checkBody, parseJsonObject, readAll } from "./body";
import { checkCaller, LOOPBACK_NAMES } from "./caller";
import { ApiError, type ErrorStyle, unauthenticated, unimplemented } from "./errors";
import { applyFields } from "./fields";
import { type Match, type Route, Router } from "./router";
import type { ApiRequest, ApiResponse, Principal } from "./types";

/** Options for an ApiServer. */
export interface ApiServerOptions {
    readonly routes: readonly Route[];
    /** Returns the caller of a request. `token` is the bearer token, if any. May throw a 401. */
    readonly authenticate: (token: string | undefined) => Principal;
    /** Hosts that a request may name besides the loopback interface's own names. Default: none. */
    readonly names?: readonly string[];
    /** Loopback address. Default: "127.0.0.1". */
    readonly host?: string;
    /** Default: 0, any free port. */
    readonly port?: number;
    /** Called with one line per request: method, path, status, milliseconds. Default: none. */
    readonly log?: (line: string) => void;
}

/** An HTTP server with the conventions of Google's APIs: JSON, error bodies, partial responses, bearer tokens. */
export class ApiServer {
    readonly #server: Server;
    readonly #router: Router;
    readonly #options: ApiServerOptions;

    constructor(server: Server, router: Router, options: ApiServerOptions) {
        this.#server = server;
        this.#router = router;
        this.#options = options;
    }

    /** Starts listening. Rejects if the port is taken. */
    static async start(options: ApiServerOptions): Promise<ApiServer> {
        const server = createServer();
        const api = new ApiServer(server, new Router(options.routes), options);
        server.on("request", (message, response) => void api.#serve(message, response));
        // Requests have no timeout: a debugger or a slow pull may pause one for a long time, and all clients are on
        // this machine.
        server.requestTimeout = 0;
        // By default, Node.js closes connections that are idle for 5 seconds, even if this process was busy for that
        // long and the next request is already waiting in the socket. The client would then see a connection reset.
        server.keepAliveTimeout = 0;
        const host = options.host ?? "127.0.0.1";
        server.listen(options.port ?? 0, host);
        try {
            await once(server, "listening");
        } catch (error) {
            const { code } = error as NodeJS.ErrnoException;
            throw new Error(
                `The emulator cannot listen on ${host}:${options.port ?? 0} (${code}): choose a free port.`,
                {
                    cause: error,
                },
            );
        }
        return api;
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    /** `http://host:port`, no trailing slash. */
    get url(): string {
        const { address, port } = this.#server.address() as AddressInfo;
        return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
    }

    /** Closes every connection and frees the port. */
    async stop(): Promise<void> {
        const closed = once(this.#server, "close");
        this.#server.close();
        this.#server.closeAllConnections();
        await closed;
    }

    /** Handles one request. Never rejects, because every failure becomes a response or ends the connection. */
    async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
        const startedAt = performance.now();
        // Without this, an exception thrown inside a loop over the body would destroy the connection before the error
        // response is sent.
        message[Symbol.asyncIterator] = () => message.iterator({ destroyOnReturn: false });
        try {
            // `new URL()` is unsuitable: it would resolve "." and ".." segments and treat "//x" as a host.
            const [path = "/", ...rest] = (message.url ?? "/").split("?");
            await this.#answer(message, response, path, new URLSearchParams(rest.join("?")));
        } catch (error) {
            // `message.destroyed` is unsuitable: it is also true once the body has been read to its end.
            if (response.headersSent || !isConnected(message)) {
                response.destroy();
            } else {
                const failure = failureOf(error);
                sendJson(response, failure.code, failure.body("status"));
            }
        } finally {
            // Drain a body that the handler did not read, so that the caller can finish sending and see the response. A
            // handler that began reading has left a listener behind, which would keep the stream from flowing.
            message.removeAllListeners("readable").resume();
            const milliseconds = Math.round(performance.now() - startedAt);
            this.#options.log?.(`${message.method} ${message.url} ${response.statusCode} ${milliseconds} ms`);
        }
    }

    async #answer(
        message: IncomingMessage,
        response: ServerResponse,
        path: string,
        query: URLSearchParams,
    ): Promise<void> {
        let answer: ApiResponse;
        let style = styleOf(path);
        try {
            checkCaller(message.headers, [...LOOPBACK_NAMES, ...(this.#options.names ?? [])]);
            const found = this.#router.find(message.method ?? "GET", path, query);
            style = found.route.options.errors ?? style;
            answer = await this.#dispatch(message, path, query, found);
        } catch (error) {
            if (!(error instanceof ApiError)) {
                throw error;
            }
            // A 304 is not an error and has no body.
            answer = {
                status: error.code,
                headers: error.headers,
                ...(error.code === 304 ? {} : { body: error.body(style) }),
            };
        }
        await send(response, answer, query);
    }

    async #dispatch(
        message: IncomingMessage,
        path: string,
        query: URLSearchParams,
        found: Match,
    ): Promise<ApiResponse> {
        const token = /^Bearer +(\S+)/i.exec(message.headers.authorization ?? "")?.[1];
        const principal = this.#options.authenticate(token);
        if (principal.kind === "anonymous" && found.route.options.public !== true) {
            throw unauthenticated(
                "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or " +
                    "other valid authentication credential. (The developer's token is in the file operator-token of the emulator's data folder.)",
            );
        }
        // Clients that request enums as numbers also accept names: https://protobuf.dev/programming-guides/json/
        const alt = (query.get("$alt") ?? query.get("alt") ?? "json").replace(/;enum-encoding=int$/, "");
        if (alt !== "json" && alt !== "media") {
            throw unimplemented(`alt=${alt}`);
        }
        // Rejects an invalid mask before the request changes anything.
        applyFields({}, query.get("fields") ?? "*");
        return await found.route.handler(this.#toApiRequest(message, path, query, found, principal));
    }

    #toApiRequest(
        message: IncomingMessage,
        path: string,
        query: URLSearchParams,
        found: Match,
        principal: Principal,
    ): ApiRequest {
        const method = message.method ?? "GET";
        const json = async () => parseJsonObject(await readAll(message));
        return {
            method,
            path,
            baseUrl: `http://${message.headers.host ?? new URL(this.url).host}`,
            params: found.params,
            query,
            headers: message.headers,
            principal,
            stream: message,
            json: async <T>() => (await json()) as T,
            read: async <T>(schema: ZodType<T>) => checkBody(await json(), schema, `${method} ${path}`),
        };
    }
}

async function send(response: ServerResponse, answer: ApiResponse, query: URLSearchParams): Promise<void> {
    const { body, headers = {} } = answer;
    const status = answer.status ?? (body === undefined ? 204 : 200);
    for (const [name, value] of Object.entries(headers)) {
        response.setHeader(name, value);
    }
    if (body === undefined) {
        response.writeHead(status);
        response.end();
    } else if (body instanceof Readable) {
        response.writeHead(status);
        await pipeline(body, response);
    } else if (typeof body === "string" || Buffer.isBuffer(body)) {
        response.writeHead(status, { "content-length": Buffer.byteLength(body) });
        response.end(body);
    } else {
        const fields = query.get("fields");
        sendJson(response, status, fields === null || status >= 400 ? body : applyFields(body, fields), query);
    }
}

function sendJson(response: ServerResponse, status: number, body: object, query?: URLSearchParams): void {
    const isCompact = /^(false|0)$/i.test(query?.get("prettyPrint") ?? "");
    const text = `${JSON.stringify(body, undefined, isCompact ? undefined : 2)}\n`;
    response.writeHead(status, {
        "content-type": response.getHeader("content-type")?.toString() ?? "application/json; charset=UTF-8",
        "content-length": Buffer.byteLength(text),
    });
    response.end(text);
}

function styleOf(path: string): ErrorStyle {
    return /^\/v\d\//.test(path) ? "status" : "reasons";
}

/** Tests whether a response can still be sent. */
function isConnected({ socket }: { readonly socket: Socket | null }): boolean {
    return socket !== null && !socket.destroyed;
}

/** Failures caused by the disk or by process limits, which the user can fix. The keys are system error codes. */
const SYSTEM_FAILURES: Readonly<Record<string, { status: number; advice: string }>> = {
    ENOSPC: { status: 507, advice: "the disk of the emulator's data folder is full; free some space, or inodes" },
    EDQUOT: { status: 507, advice: "the disk quota of the emulator's data folder is used up" },
    EROFS: { status: 500, advice: "the emulator's data folder is on a read-only disk; choose another folder" },
    EACCES: { status: 500, advice: "the emulator may not write to its data folder; change its owner or permissions" },
    EIO: { status: 500, advice: "the disk of the emulator's data folder is failing" },
    EMFILE: { status: 500, advice: "the emulator has too many open files; raise its limit (ulimit -n)" },
};

function failureOf(error: unknown): ApiError {
    const { code = "", message = "" } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
    const known = SYSTEM_FAILURES[code];
    return known === undefined
        ? new ApiError(500, "internalError", `Bug in the emulator: ${describe(error)}`)
        : new ApiError(known.status, "internalError", `The emulator failed: ${known.advice} (${message}).`);
}

function describe(error: unknown): string {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
