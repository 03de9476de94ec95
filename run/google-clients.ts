import type { File, Storage } from "@google-cloud/storage";
import type { GoogleAuth } from "google-auth-library";
import type { BucketClient, Clock, StoredObject, VmClient } from "./clients";
import type { CloudSettings } from "./credentials";
import { httpStatusOf } from "./errors";

/** Creates Cloud Storage's client. */
export function openStorage(settings: CloudSettings, auth: GoogleAuth): Storage {
    const { Storage } = require("@google-cloud/storage") as typeof import("@google-cloud/storage");
    const storage = new Storage({
        apiEndpoint: settings.storageOrigin,
        // Without this, the client sends no credentials to an endpoint that is not Google's.
        useAuthWithCustomEndpoint: true,
        authClient: auth,
        universeDomain: settings.universeDomain,
    });
    // The client prefers STORAGE_EMULATOR_HOST to its option; the gcp provider does not read that variable.
    storage.baseUrl = `${settings.storageOrigin}/storage/v1`;
    return storage;
}

/** Opens a bucket with @google-cloud/storage, whose client retries requests where that is safe. */
export function openBucket(bucketName: string, settings: CloudSettings, auth: GoogleAuth): BucketClient {
    const { createWriteStream } = require("node:fs") as typeof import("node:fs");
    const { pipeline } = require("node:stream/promises") as typeof import("node:stream/promises");
    const storage = openStorage(settings, auth);
    const bucket = storage.bucket(bucketName);
    const contentTypeOf = (name: string) => (name.endsWith(".json") ? "application/json" : "text/plain; charset=utf-8");
    const upload = async (name: string, send: (file: File) => Promise<unknown>) => {
        const file = bucket.file(name);
        await send(file);
        return toStoredObject(name, file.metadata).generation;
    };

    return {
        bucket: bucketName,
        stat: (name) =>
            unless(404, async () => {
                const [metadata] = await bucket.file(name).getMetadata();
                return toStoredObject(name, metadata);
            }),
        read: (name, generation) =>
            unless(404, async () => {
                const [content] = await bucket.file(name, { generation }).download({ validation: "crc32c" });
                return content;
            }),
        write: (name, content, ifGeneration) =>
            unless(412, () =>
                upload(name, (file) =>
                    file.save(content, {
                        resumable: false,
                        contentType: contentTypeOf(name),
                        preconditionOpts: { ifGenerationMatch: ifGeneration },
                    }),
                ),
            ),
        upload: (path, name, ifGeneration) =>
            unless(412, async () => {
                const [file] = await bucket.upload(path, {
                    destination: name,
                    // Resumable uploads send no credentials to an endpoint that is not Google's.
                    resumable: false,
                    contentType: contentTypeOf(name),
                    preconditionOpts: { ifGenerationMatch: ifGeneration },
                });
                return toStoredObject(name, file.metadata).generation;
            }),
        list: async (prefix, startOffset) => {
            const [files] = await bucket.getFiles({ prefix, ...(startOffset ? { startOffset } : {}) });
            return files.map((file) => toStoredObject(file.name, file.metadata));
        },
        folders: async (prefix) => {
            const names: string[] = [];
            let query: object | null = { prefix, delimiter: "/", autoPaginate: false };
            while (query) {
                const [, next, page]: [File[], object | null, unknown] = await bucket.getFiles(query);
                const { prefixes } = page as { prefixes?: string[] };
                names.push(...(prefixes ?? []).map((folder) => folder.slice(prefix.length, -1)));
                query = next;
            }
            return names;
        },
        download: async (name, generation, path) => {
            const source = bucket.file(name, { generation }).createReadStream({ validation: "crc32c" });
            await pipeline(source, createWriteStream(path, { flags: "wx" }));
        },
    };
}

/** Opens the VM of a run through the Compute API's REST methods. https://cloud.google.com/compute/docs/reference/rest/v1/instances */
export function openVm(
    location: { project: string; zone: string; instance: string },
    settings: CloudSettings,
    auth: GoogleAuth,
    clock: Clock,
): VmClient {
    const zoneUrl = `${settings.computeUrl}projects/${location.project}/zones/${location.zone}`;
    const url = `${zoneUrl}/instances/${location.instance}`;
    const request = async <T>(method: "GET" | "POST", target: string) => {
        const { data } = await auth.request<T>({ method, url: target, timeout: 60_000, retry: method === "GET" });
        return data;
    };
    const operate = async (verb: "start" | "stop") => {
        interface Operation {
            name: string;
            status: string;
            error?: { errors?: { code?: string; message?: string }[] };
        }
        let operation = await request<Operation>("POST", `${url}/${verb}`);
        // Compute Engine finishes operations well within this time.
        const deadline = clock.now() + 15 * 60_000;
        while (operation.status !== "DONE") {
            if (clock.now() > deadline) {
                throw new Error(`operation ${operation.name} (${verb}) has not ended within 15 minutes`);
            }
            await clock.sleep(1000);
            operation = await request<Operation>("GET", `${zoneUrl}/operations/${operation.name}`);
        }
        const problems = operation.error?.errors ?? [];
        if (problems.length > 0) {
            throw new Error(problems.map(({ code, message }) => `${code}: ${message}`).join("; "));
        }
    };

    return {
        status: () => unless(404, async () => (await request<{ status: string }>("GET", url)).status),
        start: () => operate("start"),
        stop: () => operate("stop"),
        serialOutput: async () =>
            (await request<{ contents?: string }>("GET", `${url}/serialPort?port=1`)).contents ?? "",
    };
}

async function unless<T>(status: number, action: () => Promise<T>): Promise<T | undefined> {
    try {
        return await action();
    } catch (error) {
        if (httpStatusOf(error) === status) {
            return undefined;
        }
        throw error;
    }
}

function toStoredObject(name: string, metadata: File["metadata"]): StoredObject {
    const { size, generation, crc32c, md5Hash, timeCreated } = metadata;
    if (generation === undefined || size === undefined) {
        throw new Error(`Cloud Storage described the object ${name} without its generation or size`);
    }
    return {
        name,
        sizeBytes: Number(size),
        generation: String(generation),
        crc32c: crc32c ?? "",
        ...(md5Hash ? { md5Hash } : {}),
        createdAt: timeCreated ?? "",
    };
}
