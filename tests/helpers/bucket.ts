import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream";
import { type Emulator, startEmulator } from "../../emulator/src";
import { mintToken } from "../../emulator/src/iam/tokens";

/** A bucket on an emulator of its own. */
export interface TestBucket {
    readonly name: string;
    /**
     * `STORAGE_EMULATOR_HOST` for a client: Google's clients then send no token, so this endpoint adds one, as the
     * endpoint of a VM does.
     */
    readonly endpoint: string;
    /** The same as a service account that was granted nothing. */
    readonly strangerEndpoint: string;
    /** Emulator without any token added: a client without credentials. */
    readonly anonymousEndpoint: string;
    put(object: string, content: string | Uint8Array): Promise<void>;
    /** The object's text; undefined when there is none. */
    get(object: string): Promise<string | undefined>;
    remove(object: string): Promise<void>;
    /** Names of all objects under a prefix. */
    list(prefix: string): Promise<string[]>;
    stop(): Promise<void>;
}

/** Starts an emulator in a temporary folder, with one empty bucket. */
export async function startBucket(name = "test-bucket"): Promise<TestBucket> {
    const dataDir = await mkdtemp(path.join(tmpdir(), "gcp-trainer-bucket-"));
    const emulator = await startEmulator({ dataDir, runtime: "process" });
    const owner = await startProxy(emulator, "developer");
    const stranger = await startProxy(emulator, mintToken("stranger@test-project.iam.gserviceaccount.com").accessToken);

    const call = (path: string, init?: RequestInit) =>
        fetch(`${emulator.url}${path}`, { ...init, headers: { authorization: "Bearer developer", ...init?.headers } });
    const insist = async (path: string, init?: RequestInit) => {
        const response = await call(path, init);
        if (!response.ok) {
            throw new Error(`${init?.method ?? "GET"} ${path}: ${response.status} ${await response.text()}`);
        }
        return response;
    };
    const objectPath = (object: string) => `/storage/v1/b/${name}/o/${encodeURIComponent(object)}`;

    await insist("/storage/v1/b?project=test-project", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
            name,
            location: "US-CENTRAL1",
            iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
        }),
    });
    return {
        name,
        endpoint: urlOf(owner),
        strangerEndpoint: urlOf(stranger),
        anonymousEndpoint: emulator.url,
        put: async (object, content) => {
            const path = `/upload/storage/v1/b/${name}/o?uploadType=media&name=${encodeURIComponent(object)}`;
            await insist(path, {
                method: "POST",
                headers: { "content-type": "text/csv" },
                body: Buffer.from(content as string),
            });
        },
        get: async (object) => {
            const response = await call(`${objectPath(object)}?alt=media`);
            return response.status === 404 ? undefined : await response.text();
        },
        remove: async (object) => {
            await insist(objectPath(object), { method: "DELETE" });
        },
        list: async (prefix) => {
            const response = await insist(`/storage/v1/b/${name}/o?prefix=${encodeURIComponent(prefix)}`);
            const { items = [] } = (await response.json()) as { items?: { name: string }[] };
            return items.map((item) => item.name);
        },
        stop: async () => {
            for (const server of [owner, stranger]) {
                server.closeAllConnections();
                server.close();
                await once(server, "close");
            }
            await emulator.stop();
            await rm(dataDir, { recursive: true, force: true });
        },
    };
}

function urlOf(server: Server): string {
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Passes every request on with a token. */
async function startProxy(emulator: Emulator, token: string): Promise<Server> {
    const server = createServer((incoming, response) => {
        const { method, url, headers } = incoming;
        const outgoing = request(
            {
                host: "127.0.0.1",
                port: emulator.port,
                method,
                path: url,
                headers: { ...headers, authorization: `Bearer ${token}` },
            },
            (answer) => {
                response.writeHead(answer.statusCode ?? 500, answer.headers);
                pipeline(answer, response, () => {});
            },
        );
        pipeline(incoming, outgoing, (error) => error && response.destroy(error));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
}
