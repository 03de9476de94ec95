import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type * as pulumi from "@pulumi/pulumi";
import { transferProgress } from "../../shared/text";
import { LIMIT_MS, sendPatiently } from "../patient-request";
import {
    type CreateResource,
    call,
    type Properties,
    type RehearsalContext,
    rejectUnknownInputs,
} from "../rehearsal-context";

/** The bytes of an object to upload. */
export interface UploadContent {
    /** The name used for the content in messages. */
    title: string;
    size: number;
    /** Reads the bytes from the beginning. */
    open(): AsyncIterable<Buffer> | Iterable<Buffer>;
}

/** Creates `gcp.storage.BucketObject` from a file or from text. */
export const bucketObject: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, ["name", "bucket", "source", "contentType", "sourceMd5hash", "detectMd5hash"]);
    const source = inputs.source as pulumi.asset.FileAsset | pulumi.asset.StringAsset;
    const content =
        "text" in source
            ? contentOfText(await source.text)
            : await contentOfFile(path.resolve(context.projectDir, await source.path));
    const { size } = content;
    const object = await upload(context, String(inputs.bucket), String(inputs.name), content, inputs.contentType);
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

function contentOfText(text: string): UploadContent {
    const bytes = Buffer.from(text);
    return { title: "text", size: bytes.length, open: () => [bytes] };
}

export async function contentOfFile(file: string): Promise<UploadContent> {
    const { size } = await stat(file);
    return { title: file, size, open: () => createReadStream(file) };
}

/** Uploads an object and shows its progress. */
export async function upload(
    context: RehearsalContext,
    bucket: string,
    name: string,
    content: UploadContent,
    contentType: unknown,
): Promise<Properties> {
    const { title, size, open } = content;
    const md5Hash = await md5Of(open());
    const query = new URLSearchParams({ uploadType: "media", name });
    const show = context.begin?.("upload");
    return await sendPatiently({
        url: `${context.url}/upload/storage/v1/b/${bucket}/o?${query}`,
        method: "POST",
        headers: {
            authorization: `Bearer ${context.gcp.accessToken}`,
            "content-type": String(contentType ?? "application/octet-stream"),
            "content-length": String(size),
            // Cloud Storage rejects content that was damaged in transit.
            "x-goog-hash": `md5=${md5Hash}`,
        },
        body: () => Readable.toWeb(Readable.from(watched(open(), size, show))) as ReadableStream,
        limitMs: LIMIT_MS + Math.ceil(size / 10_000),
        signal: context.signal,
        title: `upload of ${title}`,
    }).finally(() => show?.());
}

/** Passes on a file's content, and shows how much of it has been read. */
async function* watched(
    content: AsyncIterable<Buffer> | Iterable<Buffer>,
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

async function md5Of(content: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<string> {
    const hash = createHash("md5");
    await pipeline(content, hash);
    return hash.digest("base64");
}
