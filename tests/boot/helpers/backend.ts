import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiServer } from "../../../emulator/http/server";
import { mintToken, principalOf } from "../../../emulator/iam/tokens";
import { createServices, lifecycle } from "../../../emulator/services";
import { storageRoutes } from "../../../emulator/storage/routes";

export const BUCKET = "iris-bucket";
const PROJECT = "demo-project";
const OWNER = { Authorization: "Bearer the-developer" };

/**
 * The emulator's Cloud Storage with one bucket, and an account that may do there what the stack's account may: list, read
 * `data/`, read and write `runs/`.
 */
export class Backend {
    private constructor(
        private readonly api: ApiServer,
        /** Access token of the VM's service account. */
        readonly token: string,
        private readonly cleanUp: () => Promise<void>,
    ) {}

    static async start(): Promise<Backend> {
        const dataDir = mkdtempSync(join(tmpdir(), "boot-bucket-"));
        const services = createServices({ dataDir, runtime: "process" });
        const all = lifecycle(services);
        for (const service of all) {
            await service.start?.();
        }
        const api = await ApiServer.start({ routes: storageRoutes(), services, authenticate: principalOf });
        const { email } = await services.serviceAccounts.create(PROJECT, "trainer-vm", {});
        const backend = new Backend(api, mintToken(email).accessToken, async () => {
            await api.stop();
            for (const service of all) {
                await service.stop?.();
            }
            await services.documents.flush();
            rmSync(dataDir, { recursive: true, force: true });
        });
        await backend.makeBucket(email);
        return backend;
    }

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
        return await fetch(this.api.url + request.url, { method, headers, body: content });
    }

    async put(name: string, content: string): Promise<void> {
        const url = `/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=${encodeURIComponent(name)}`;
        await this.owner(url, { method: "POST", body: content });
    }

    /** The content, undefined if there is no such object. */
    async get(name: string): Promise<Buffer | undefined> {
        const response = await fetch(`${this.api.url}/storage/v1/b/${BUCKET}/o/${encodeURIComponent(name)}?alt=media`, {
            headers: OWNER,
        });
        return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined;
    }

    /** Names of all objects that begin so, in order. */
    async list(prefix: string): Promise<string[]> {
        const response = await this.owner(`/storage/v1/b/${BUCKET}/o?prefix=${encodeURIComponent(prefix)}`);
        const { items = [] } = (await response.json()) as { items?: { name: string }[] };
        return items.map((item) => item.name);
    }

    async stop(): Promise<void> {
        await this.cleanUp();
    }

    private async makeBucket(email: string): Promise<void> {
        const json = { "Content-Type": "application/json" };
        const bucket = { name: BUCKET, location: "US-CENTRAL1", versioning: { enabled: true } };
        const uniform = { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } };
        await this.owner(`/storage/v1/b?project=${PROJECT}`, {
            method: "POST",
            headers: json,
            body: JSON.stringify({ ...bucket, ...uniform }),
        });
        const members = [`serviceAccount:${email}`];
        const under = (prefix: string) => ({
            title: prefix,
            expression: `resource.name.startsWith("projects/_/buckets/${BUCKET}/objects/${prefix}/")`,
        });
        const bindings = [
            { role: "roles/storage.legacyBucketReader", members },
            { role: "roles/storage.objectViewer", members, condition: under("data") },
            { role: "roles/storage.objectUser", members, condition: under("runs") },
        ];
        const policy = await this.owner(`/storage/v1/b/${BUCKET}/iam?optionsRequestedPolicyVersion=3`);
        const { etag } = (await policy.json()) as { etag: string };
        await this.owner(`/storage/v1/b/${BUCKET}/iam`, {
            method: "PUT",
            headers: json,
            body: JSON.stringify({ version: 3, etag, bindings }),
        });
    }

    private async owner(path: string, init: RequestInit = {}): Promise<Response> {
        const response = await fetch(this.api.url + path, { ...init, headers: { ...OWNER, ...init.headers } });
        if (!response.ok) {
            throw new Error(`${init.method ?? "GET"} ${path}: HTTP ${response.status} ${await response.text()}`);
        }
        return response;
    }
}
