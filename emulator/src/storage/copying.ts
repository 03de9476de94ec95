import { notFound } from "../http/errors";
import type { ApiRequest } from "../http/types";
import type { Blob } from "./blobs";
import type { StoredObject } from "./object-index";
import { composeSchema, objectSchema, pickAttributes } from "./object-schema";
import { checkPreconditions, readInt64, readPreconditions } from "./preconditions";
import { toObjectResource } from "./resources";
import type { StorageService } from "./service";

type CopyRequest = ApiRequest<{
    readonly bucket: string;
    readonly object: string;
    readonly destinationBucket: string;
    readonly destinationObject: string;
}>;

/** objects.copy: https://cloud.google.com/storage/docs/json_api/v1/objects/copy */
export async function copy(storage: StorageService, request: CopyRequest) {
    return { body: toObjectResource(await copyObject(storage, request), request.baseUrl) };
}

/**
 * objects.rewrite, which always completes in one call:
 * https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite
 */
export async function rewrite(storage: StorageService, request: CopyRequest) {
    const object = await copyObject(storage, request);
    const size = String(object.blob.size);
    return {
        body: {
            kind: "storage#rewriteResponse",
            totalBytesRewritten: size,
            objectSize: size,
            done: true,
            resource: toObjectResource(object, request.baseUrl),
        },
    };
}

/** objects.compose: https://cloud.google.com/storage/docs/json_api/v1/objects/compose */
export async function compose(
    { objects, blobs }: StorageService,
    request: ApiRequest<{ readonly bucket: string; readonly object: string }>,
) {
    const { principal, params, query, baseUrl } = request;
    const body = await request.read(composeSchema);
    const target = {
        bucket: params.bucket,
        name: params.object,
        attributes: pickAttributes(body.destination ?? {}),
        preconditions: readPreconditions(query),
    };
    objects.checkUpload(principal, target);
    const sources = body.sourceObjects.map(({ name, generation, objectPreconditions }) => {
        const source = objects.get(principal, { bucket: params.bucket, name, generation });
        const match = objectPreconditions?.ifGenerationMatch;
        checkPreconditions(match === undefined ? {} : { ifGenerationMatch: match }, source, "write");
        return source;
    });
    const readers = await Promise.all(sources.map(({ blob }) => blobs.read(blob.id)));
    const blob = await blobs.store(concatenate(readers));
    const composedOf = sources.reduce((sum, source) => sum + (source.composedOf ?? 1), 0);
    const object = await objects.commit(principal, { ...target, composedOf }, blob);
    return { body: toObjectResource(object, baseUrl) };
}

async function* concatenate(sources: readonly AsyncIterable<Buffer>[]): AsyncGenerator<Buffer> {
    for (const source of sources) {
        yield* source;
    }
}

async function copyObject({ objects, blobs }: StorageService, request: CopyRequest): Promise<StoredObject> {
    const { principal, params, query } = request;
    const body = await request.read(objectSchema);
    const sourceGeneration = query.get("sourceGeneration");
    const source = objects.get(principal, {
        bucket: params.bucket,
        name: params.object,
        generation: sourceGeneration === null ? undefined : readInt64(sourceGeneration, "sourceGeneration"),
    });
    checkPreconditions(readPreconditions(query, "ifSource"), source, "write");
    // A body replaces all metadata. Without a body, the source's metadata is kept, except for its holds.
    const fromBody = pickAttributes(body);
    const {
        eventBasedHold: _event,
        temporaryHold: _temporary,
        storageClass: _class,
        ...fromSource
    } = source.attributes;
    const target = {
        bucket: params.destinationBucket,
        name: params.destinationObject,
        attributes: Object.keys(fromBody).length > 0 ? fromBody : fromSource,
        preconditions: readPreconditions(query),
        ...(source.composedOf === undefined ? {} : { composedOf: source.composedOf }),
    };
    objects.checkUpload(principal, target);
    let blob: Blob;
    try {
        blob = await blobs.copy(source.blob);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") {
            // The object was deleted in the meantime.
            throw notFound(`No such object: ${params.bucket}/${params.object}`);
        }
        throw error;
    }
    return objects.commit(principal, target, blob);
}
