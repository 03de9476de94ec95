import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import type * as pulumi from "@pulumi/pulumi";
import { type CreateResource, call, GoogleApiError, rejectUnknownInputs } from "../rehearsal-context";

/** Creates `gcp.storage.BucketObject` from a file. */
export const bucketObject: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, ["name", "bucket", "source", "contentType", "sourceMd5hash", "detectMd5hash"]);
    const source = inputs.source as pulumi.asset.FileAsset;
    const file = path.resolve(context.projectDir, await source.path);
    const { size } = await stat(file);
    const query = new URLSearchParams({ uploadType: "media", name: String(inputs.name) });
    const response = await fetch(`${context.url}/upload/storage/v1/b/${inputs.bucket}/o?${query}`, {
        method: "POST",
        headers: {
            authorization: `Bearer ${context.gcp.accessToken}`,
            "content-type": String(inputs.contentType ?? "application/octet-stream"),
            "content-length": String(size),
        },
        body: Readable.toWeb(createReadStream(file)) as ReadableStream,
        duplex: "half",
        signal: context.signal,
    } as RequestInit);
    const object = (await response.json()) as {
        md5Hash: string;
        crc32c: string;
        generation: string;
        error?: { message: string };
    };
    if (!response.ok) {
        throw new GoogleApiError(response.status, `upload of ${file}: ${object.error?.message}`);
    }
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
