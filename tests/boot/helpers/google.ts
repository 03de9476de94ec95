import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Backend } from "./backend";

/** A fault to inject between the VM and Google. */
export interface Fault {
    /** Pattern that is matched against "METHOD path?query". */
    readonly match: RegExp;
    /** Number of affected requests. @default Infinity */
    times?: number;
    /**
     * HTTP status of the response. "lose" forwards the request and drops the response; "cut" drops the connection. A
     * function changes the response's body.
     */
    readonly answer: number | "lose" | "cut" | ((body: string) => string);
    /** Value of `message` in the error body. */
    readonly message?: string;
}

/** The VM's metadata server and Cloud Storage, behind a connection that tests can disrupt. */
export class Google {
    readonly faults: Fault[] = [];
    /** "METHOD path?query" for every request, percent-decoded. */
    readonly requests: string[] = [];
    /** The times at which status writes arrived, in milliseconds. */
    readonly statusWrites: number[] = [];
    preempted = false;
    /** Number of objects per page in a listing; 1000 in Cloud Storage. */
    pageSize: number | undefined;

    #interlude: { match: RegExp; action: () => Promise<void> } | undefined;

    readonly #server: Server;
    readonly backend: Backend;

    constructor(server: Server, backend: Backend) {
        this.#server = server;
        this.backend = backend;
    }

    static async start(): Promise<Google> {
        const google = new Google(createServer(), await Backend.start());
        google.#server.on("request", (request, response) => void google.#serve(request, response));
        google.#server.listen(0, "127.0.0.1");
        await once(google.#server, "listening");
        return google;
    }

    /** `127.0.0.1:port` */
    get host(): string {
        return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    }

    async stop(): Promise<void> {
        this.#server.closeAllConnections();
        this.#server.close();
        await this.backend.stop();
    }

    /** Runs an action once, immediately before the first matching request is served. */
    beforeFirst(match: RegExp, action: () => Promise<void>): void {
        this.#interlude = { match, action };
    }

    /** Makes everything unreachable from now on. */
    disconnect(): void {
        this.faults.push({ match: /./, answer: "cut" });
    }

    async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const line = `${request.method} ${decodeURIComponent(request.url ?? "")}`;
        this.requests.push(line);
        if (/^POST .*name=runs\/[^/]+\/status\.json/.test(line)) {
            this.statusWrites.push(Date.now());
        }
        const body = await readAll(request);
        if (this.#interlude?.match.test(line)) {
            const { action } = this.#interlude;
            this.#interlude = undefined;
            await action();
        }
        const fault = this.faults.find((one) => (one.times ?? 1) > 0 && one.match.test(line));
        if (fault !== undefined && fault.times !== undefined) {
            fault.times -= 1;
        }
        if (typeof fault?.answer === "number") {
            const message = fault.message ?? "disturbed";
            response.writeHead(fault.answer, { "Content-Type": "application/json" });
            response.end(JSON.stringify({ error: { code: fault.answer, message, errors: [{ message }] } }, null, 1));
            return;
        }
        if (fault?.answer === "cut") {
            request.socket.destroy();
            return;
        }
        if (request.url?.startsWith("/computeMetadata/v1/")) {
            this.#serveMetadata(request, response);
            return;
        }
        if (this.pageSize !== undefined && /^GET .*\/o\?/.test(line)) {
            request.url += `&maxResults=${this.pageSize}`;
        }
        const answer = await this.backend.pass(request, body);
        if (fault?.answer === "lose") {
            request.socket.destroy();
            return;
        }
        response.writeHead(answer.status, { "Content-Type": answer.headers.get("content-type") ?? "text/plain" });
        const content = Buffer.from(await answer.arrayBuffer());
        response.end(typeof fault?.answer === "function" ? fault.answer(content.toString()) : content);
    }

    #serveMetadata(request: IncomingMessage, response: ServerResponse): void {
        const path = request.url?.slice("/computeMetadata/v1/".length);
        const answers: Record<string, string> = {
            "instance/preempted": this.preempted ? "TRUE" : "FALSE",
            "instance/service-accounts/default/token": JSON.stringify({
                access_token: this.backend.token,
                expires_in: 3599,
                token_type: "Bearer",
            }),
        };
        const answer = request.headers["metadata-flavor"] === "Google" ? answers[path ?? ""] : undefined;
        response.writeHead(answer === undefined ? 404 : 200, { "Metadata-Flavor": "Google" });
        response.end(answer);
    }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
        chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
}
