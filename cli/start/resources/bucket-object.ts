import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type * as pulumi from "@pulumi/pulumi";
import { transferProgress } from "../../shared/text";
import { LIMIT_MS, sendPatiently } from "../patient-request";
import { type CreateResource, call, rejectUnknownInputs } from "../rehearsal-context";

/** Creates `gcp.storage.BucketObject` from a file. */
export const bucketObject: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, ["name", "bucket", "source", "contentType", "sourceMd5hash", "detectMd5hash"]);
    const source = inputs.source as pulumi.asset.FileAsset;
    const file = path.resolve(context.projectDir, await source.path);
    const { size } = await stat(file);
    const md5Hash = await md5Of(file);
    const query = new URLSearchParams({ uploadType: "media", name: String(inputs.name) });
    const show = context.begin?.("upload");
    const object = await sendPatiently({
        url: `${context.url}/upload/storage/v1/b/${inputs.bucket}/o?${query}`,
        method: "POST",
        headers: {
            authorization: `Bearer ${context.gcp.accessToken}`,
            "content-type": String(inputs.contentType ?? "application/octet-stream"),
            "content-length": String(size),
            // Cloud Storage rejects content that was damaged in transit.
            "x-goog-hash": `md5=${md5Hash}`,
        },
        body: () => Readable.toWeb(Readable.from(watched(createReadStream(file), size, show))) as ReadableStream,
        limitMs: LIMIT_MS + Math.ceil(size / 10_000),
        signal: context.signal,
        title: `upload of ${file}`,
    }).finally(() => show?.());
    return {
        id: `${inputs.bucket}-${inputs.name}`,
        outputs: {
            name: inputs.name,
            md5hash: object.md5Hash,
            crc32c: object.crc32c,
            generation: Number(object.generation),
            mediaLink: `${context.url}/download/storage/v1/b/${inputs.bucket}/o/${encodeURIComponent(String(inputs.name))}`,
        },
        detail: `${inputs.name} (${size.toLocaleString("en-US")} bytes)`,
        destroy: async (later) => {
            await call(later, "DELETE", `/storage/v1/b/${inputs.bucket}/o/${encodeURIComponent(String(inputs.name))}`);
        },
    };
};

/** Passes on a file's content, and shows how much of it has been read. */
async function* watched(
    content: AsyncIterable<Buffer>,
    size: number,
    show: ((progress: string) => void) | undefined,
): AsyncGenerator<Buffer> {
    const startedMs = Date.now();
    let done = 0;
    for await (const chunk of content) {
        done += chunk.length;
        show?.(transferProgress(done, size, Date.now() - startedMs));
        yield chunk;
    }
}

async function md5Of(file: string): Promise<string> {
    const hash = createHash("md5");
    await pipeline(createReadStream(file), hash);
    return hash.digest("base64");
}
