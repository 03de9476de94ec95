import type { File } from "@google-cloud/storage";
import type { GoogleAuth } from "google-auth-library";
import type { BucketClient, Clock, ObjectVersion, StoredObject } from "./clients";
import type { CloudSettings } from "./credentials";
import { downloadTo } from "./download";
import { httpStatusOf, incompleteAnswer } from "./errors";
import { expectKind, fromApi, openStorage, unless } from "./google-clients";
import { within, withTries } from "./tries";

/**
 * The fields that are read from an objects.list response.
 * https://cloud.google.com/storage/docs/json_api/v1/objects/list
 */
interface ListPage {
    items?: File["metadata"][];
    prefixes?: string[];
    nextPageToken?: string;
}

/** Time limit, in milliseconds, for describing or listing objects, or for storing a small one. */
const answerMs = 30_000;
/** Time limit, in milliseconds, for uploading a log. */
const uploadMs = 30 * 60_000;

/**
 * Opens a bucket with @google-cloud/storage, whose client retries requests where that is safe. Requests whose responses
 * are incomplete or did not come from Cloud Storage are retried a few times and then result in transient errors.
 */
export function openBucket(bucketName: string, settings: CloudSettings, auth: GoogleAuth, clock: Clock): BucketClient {
    const { open } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { CRC32C } = require("@google-cloud/storage") as typeof import("@google-cloud/storage");
    const storage = openStorage(settings, auth);
    const bucket = storage.bucket(bucketName);
    const versionOf = ({ name, generation }: ObjectVersion) => bucket.file(name, { generation });

    /** Options for an upload that the server verifies. The client's own check would delete the object if it failed. */
    const uploadOptions = (
        name: string,
        ifGeneration: string,
        crc32c: string,
        own: Record<string, string> | undefined,
    ) => ({
        // Resumable uploads do not send credentials to an endpoint that is not Google's.
        resumable: false,
        validation: false,
        metadata: {
            crc32c,
            contentType: name.endsWith(".json") ? "application/json" : "text/plain; charset=utf-8",
            ...(own ? { metadata: own } : {}),
        },
        preconditionOpts: { ifGenerationMatch: ifGeneration },
    });
    /**
     * Sends an object, and sends it again if the request was corrupted in transit, in which case the hash does not
     * match or the request is invalid.
     */
    const send = (name: string, crc32c: string, action: () => Promise<File>) =>
        withTries(
            clock,
            () =>
                unless(412, async () => {
                    const { metadata } = await action();
                    const stored = toStoredObject(name, metadata);
                    if (stored.crc32c !== crc32c) {
                        throw incompleteAnswer(`The upload of ${name} returned the CRC32C of other content`);
                    }
                    return stored.generation;
                }),
            (error) => httpStatusOf(error) === 400,
        );
    /** Requests a page. The client's own method would end the process when a response is empty. */
    const requestPage = (qs: object) =>
        new Promise<ListPage>((resolve, reject) => {
            bucket.request({ uri: "/o", qs }, (error: Error | null, body: unknown) => {
                if (error) {
                    reject(error);
                } else {
                    resolve(body as ListPage);
                }
            });
        });
    /** Lists objects page by page. */
    const listPages = async (query: object, onPage: (page: ListPage) => void) => {
        const what = `The listing of gs://${bucketName}`;
        for (let pageToken: string | undefined, isLast = false; !isLast; ) {
            const qs = { ...query, ...(pageToken ? { pageToken } : {}) };
            const page = await withTries(clock, () =>
                fromApi(404, async () =>
                    expectKind(await within(answerMs, what, requestPage(qs)), "storage#objects", what),
                ),
            );
            onPage(page);
            pageToken = page.nextPageToken;
            isLast = !pageToken;
        }
    };

    return {
        bucket: bucketName,
        stat: (name) =>
            withTries(clock, () =>
                unless(404, async () => {
                    const [metadata] = await within(
                        answerMs,
                        `The request for ${name}`,
                        bucket.file(name).getMetadata(),
                    );
                    return toStoredObject(name, metadata);
                }),
            ),
        read: async (object) => {
            const chunks: Buffer[] = [];
            const sink = {
                write: async (chunk: Buffer) => {
                    chunks.push(chunk);
                },
                restart: async () => {
                    chunks.length = 0;
                },
            };
            try {
                await downloadTo(sink, versionOf(object), object, clock);
            } catch (error) {
                // For downloads, Cloud Storage returns errors as plain text, which does not show who sent them.
                if (httpStatusOf(error) === 404) {
                    return undefined;
                }
                throw error;
            }
            return Buffer.concat(chunks);
        },
        write: async (name, content, ifGeneration, own) => {
            const checksum = new CRC32C();
            checksum.update(Buffer.from(content));
            const crc32c = checksum.toString();
            return send(name, crc32c, async () => {
                const file = bucket.file(name);
                const saved = file.save(content, uploadOptions(name, ifGeneration, crc32c, own));
                await within(answerMs, `The upload of ${name}`, saved);
                return file;
            });
        },
        upload: (path, name, ifGeneration, crc32c) =>
            send(name, crc32c, async () => {
                const options = { destination: name, ...uploadOptions(name, ifGeneration, crc32c, undefined) };
                const uploaded = bucket.upload(path, options);
                const [file] = await within(uploadMs, `The upload of ${name}`, uploaded);
                return file;
            }),
        copy: async (object, name) => {
            await withTries(clock, async () => {
                const copied = versionOf(object).copy(bucket.file(name));
                await within(uploadMs, `The copy of ${object.name}`, copied);
            });
        },
        list: async (prefix, startOffset) => {
            const objects: StoredObject[] = [];
            await listPages({ prefix, ...(startOffset ? { startOffset } : {}) }, ({ items }) => {
                for (const item of items ?? []) {
                    objects.push(toStoredObject(item.name ?? "", item));
                }
            });
            return objects;
        },
        folders: async (prefix) => {
            const names: string[] = [];
            await listPages({ prefix, delimiter: "/" }, ({ prefixes }) => {
                names.push(...(prefixes ?? []).map((folder) => folder.slice(prefix.length, -1)));
            });
            return names;
        },
        download: async (object, path, { patience, onBytes = () => undefined } = {}) => {
            const file = await open(path, "wx");
            let position = 0;
            try {
                const sink = {
                    write: async (chunk: Buffer) => {
                        for (let written = 0; written < chunk.length; ) {
                            const { bytesWritten } = await file.write(chunk, written, chunk.length - written, position);
                            written += bytesWritten;
                            position += bytesWritten;
                        }
                        onBytes(chunk.length);
                    },
                    restart: async () => {
                        await file.truncate(0);
                        onBytes(-position);
                        position = 0;
                    },
                };
                await downloadTo(sink, versionOf(object), object, clock, patience);
            } finally {
                await file.close();
            }
        },
    };
}

/** @throws a transient error if the metadata is incomplete or does not belong to this object. */
export function toStoredObject(name: string, metadata: File["metadata"]): StoredObject {
    expectKind(metadata, "storage#object", `The request for ${name}`);
    const { size, generation, crc32c, md5Hash, timeCreated } = metadata;
    const row = metadata.metadata?.row;
    if (metadata.name !== name || !/^\d+$/.test(`${generation}`) || !/^\d+$/.test(`${size}`)) {
        throw incompleteAnswer(`Cloud Storage described the object ${name} without its name, generation or size`);
    }
    return {
        name,
        sizeBytes: Number(size),
        generation: String(generation),
        crc32c: crc32c ?? "",
        ...(md5Hash ? { md5Hash } : {}),
        createdAt: timeCreated ?? "",
        ...(typeof row === "string" ? { row } : {}),
    };
}
