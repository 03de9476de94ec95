import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../../emulator/src";
import { mintToken } from "../../../emulator/src/iam/tokens";

export const BUCKET = "iris-bucket";
export const PROJECT_ID = "demo-project";
/** The VM's service account. */
export const ACCOUNT = `trainer-vm@${PROJECT_ID}.iam.gserviceaccount.com`;
const OWNER = { Authorization: "Bearer the-developer" };

/** The emulator with one bucket, and an account that may do there what the stack's may: list, read `data/`, write `runs/`. */
export class Backend {
    emulator: Emulator;
    readonly dataDir: string;
    readonly #runtime: EmulatorOptions["runtime"];

    constructor(emulator: Emulator, dataDir: string, runtime: EmulatorOptions["runtime"]) {
        this.emulator = emulator;
        this.dataDir = dataDir;
        this.#runtime = runtime;
    }

    static async start(grantDelayMs = 0, runtime: EmulatorOptions["runtime"] = "process"): Promise<Backend> {
        const dataDir = mkdtempSync(path.join(tmpdir(), "boot-cloud-"));
        const backend = new Backend(await startEmulator({ dataDir, runtime, grantDelayMs }), dataDir, runtime);
        try {
            await backend.post(`/v1/projects/${PROJECT_ID}/serviceAccounts`, { accountId: ACCOUNT.split("@")[0] });
            await backend.#makeBucket();
            await backend.grant();
        } catch (error) {
            await backend.stop();
            throw error;
        }
        return backend;
    }

    /** Access token of the VM's service account. */
    readonly token = mintToken(ACCOUNT).accessToken;

    /** Passes a request of the VM on. */
    async pass(request: IncomingMessage, body: Buffer): Promise<Response> {
        const headers = new Headers();
        for (const name of ["authorization", "content-type"] as const) {
            const value = request.headers[name];
            if (value !== undefined) {
                headers.set(name, value);
            }
        }
        const method = request.method ?? "GET";
        const content = method === "POST" ? new Uint8Array(body) : null;
        return await fetch(this.emulator.url + request.url, { method, headers, body: content });
    }

    async put(name: string, content: string): Promise<void> {
        const url = `/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=${encodeURIComponent(name)}`;
        await this.owner(url, { method: "POST", body: content });
    }

    /** The content, undefined if there is no such object. */
    async get(name: string): Promise<Buffer | undefined> {
        const response = await fetch(
            `${this.emulator.url}/storage/v1/b/${BUCKET}/o/${encodeURIComponent(name)}?alt=media`,
            {
                headers: OWNER,
            },
        );
        return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined;
    }

    /** Names of all objects that begin so, in order. */
    async list(prefix: string): Promise<string[]> {
        const response = await this.owner(`/storage/v1/b/${BUCKET}/o?prefix=${encodeURIComponent(prefix)}`);
        const { items = [] } = (await response.json()) as { items?: { name: string }[] };
        return items.map((item) => item.name);
    }

    /** Ends the emulator and starts another with the same data on the same port. */
    async restart(): Promise<void> {
        const { port } = this.emulator;
        await this.emulator.stop();
        this.emulator = await startEmulator({ dataDir: this.dataDir, runtime: this.#runtime, port });
    }

    async stop(): Promise<void> {
        await this.emulator.stop();
        rmSync(this.dataDir, { recursive: true, force: true });
    }

    /** Sends JSON as the developer; the answer's JSON. */
    async post(path: string, body: object = {}, method = "POST"): Promise<Record<string, unknown>> {
        const headers = { "Content-Type": "application/json" };
        const response = await this.owner(path, { method, headers, body: JSON.stringify(body) });
        return (await response.json()) as Record<string, unknown>;
    }

    async #makeBucket(): Promise<void> {
        await this.post(`/storage/v1/b?project=${PROJECT_ID}`, {
            name: BUCKET,
            location: "US-CENTRAL1",
            versioning: { enabled: true },
            iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
        });
    }

    /** Gives the VM's account its roles on the bucket. */
    async grant(): Promise<void> {
        const members = [`serviceAccount:${ACCOUNT}`];
        const under = (prefix: string) => ({
            title: prefix,
            expression: `resource.name.startsWith("projects/_/buckets/${BUCKET}/objects/${prefix}/")`,
        });
        const bindings = [
            { role: "roles/storage.legacyBucketReader", members },
            { role: "roles/storage.objectViewer", members, condition: under("data") },
            { role: "roles/storage.objectUser", members, condition: under("runs") },
        ];
        await this.#setBindings(bindings);
    }

    /** Takes the roles away again. */
    async revoke(): Promise<void> {
        await this.#setBindings([]);
    }

    async #setBindings(bindings: object[]): Promise<void> {
        await this.post(`/storage/v1/b/${BUCKET}/iam`, { version: 3, bindings }, "PUT");
    }

    async owner(path: string, init: RequestInit = {}): Promise<Response> {
        const response = await fetch(this.emulator.url + path, { ...init, headers: { ...OWNER, ...init.headers } });
        if (!response.ok) {
            throw new Error(`${init.method ?? "GET"} ${path}: HTTP ${response.status} ${await response.text()}`);
        }
        return response;
    }
}
