import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { ApiServer } from "../../emulator/src/http/server";
import { createServices, lifecycle, mainRoutes } from "../../emulator/src/services";

/** A bucket on an emulator in this process. */
export interface Bucket {
    readonly name: string;
    /** `STORAGE_EMULATOR_HOST` for a client. Google's clients then send no token, so every request is the owner's. */
    readonly endpoint: string;
    upload(object: string, file: string): Promise<void>;
    /** Size in bytes; undefined if the object does not exist. */
    sizeOf(object: string): Promise<number | undefined>;
    stop(): Promise<void>;
}

export async function startBucket(name = "bench"): Promise<Bucket> {
    const dataDir = await mkdtemp(path.join(tmpdir(), "gcp-trainer-bench-"));
    const services = createServices({ dataDir, runtime: "process" });
    const parts = lifecycle(services);
    for (const part of parts) {
        await part.start?.();
    }
    const api = await ApiServer.start({ routes: mainRoutes(services), authenticate: () => ({ kind: "owner" }) });
    services.listening.port = api.port;
    const call = async (target: string, init?: RequestInit) => {
        const response = await fetch(`${api.url}${target}`, init);
        if (!response.ok && response.status !== 404) {
            throw new Error(`${init?.method ?? "GET"} ${target}: ${response.status} ${await response.text()}`);
        }
        return response;
    };
    await call("/storage/v1/b?project=bench-project", {
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
        endpoint: api.url,
        upload: async (object, file) => {
            const { size } = await stat(file);
            const body = Readable.toWeb(createReadStream(file)) as RequestInit["body"];
            const headers = { "content-type": "text/csv", "content-length": String(size) };
            const target = `/upload/storage/v1/b/${name}/o?uploadType=media&name=${encodeURIComponent(object)}`;
            // `duplex` is not in the types of fetch yet; a streamed body needs it.
            const init = { method: "POST", headers, body, duplex: "half" } as RequestInit;
            await call(target, init);
        },
        sizeOf: async (object) => {
            const response = await call(`/storage/v1/b/${name}/o/${encodeURIComponent(object)}`);
            return response.ok ? Number(((await response.json()) as { size: string }).size) : undefined;
        },
        stop: async () => {
            await api.stop();
            for (const part of [...parts].reverse()) {
                await part.stop?.();
            }
            await rm(dataDir, { recursive: true, force: true });
        },
    };
}
