import { parseRange } from "../http/range";
import type { ApiRequest, ApiResponse } from "../http/types";
import { algorithmOf, type BlobUpload, DIGEST, DIGEST_FORM, type DigestAlgorithm } from "./blob-files";
import type { ImageName } from "./images";
import {
    allowedImage,
    blobUnknown,
    digestInvalid,
    OciError,
    type OciHandler,
    REGISTRY_HEADERS,
    uploadUnknown,
} from "./oci-access";
import type { RegistryServices } from "./service";

/** GET and HEAD: returns a blob. */
export const getBlob: OciHandler = async (services, request, name, digest): Promise<ApiResponse> => {
    const { repository } = allowedImage(services, request, name, "downloadArtifacts");
    const { images } = services.registry;
    const size = images.hasBlob(repository, digest) ? await images.files.size(digest) : undefined;
    if (size === undefined) {
        throw blobUnknown(`blob ${digest} of ${name} not found`);
    }
    const range = rangeOfBlob(request, digest, size);
    const { start, end } = range ?? { start: 0, end: size - 1 };
    const headers = {
        ...REGISTRY_HEADERS,
        "content-type": "application/octet-stream",
        "content-length": String(end - start + 1),
        "docker-content-digest": digest,
        "accept-ranges": "bytes",
        ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end}/${size}` }),
    };
    if (request.method === "HEAD") {
        return { status: 200, headers };
    }
    const body = size === 0 ? Buffer.alloc(0) : images.files.read(digest, { start, end });
    return { status: range === undefined ? 200 : 206, headers, body };
};

/** Removes a blob from the repository. As in the reference registry, manifests that refer to it are kept. */
export const deleteBlob: OciHandler = async (services, request, name, digest): Promise<ApiResponse> => {
    const { repository } = allowedImage(services, request, name, "deleteArtifacts");
    requireDigest(digest, "the blob");
    if (!(await services.registry.images.deleteBlob(repository, digest))) {
        throw blobUnknown(`blob ${digest} of ${name} not found`);
    }
    return { status: 202, headers: REGISTRY_HEADERS, body: "" };
};

/**
 * POST: begins an upload. `?digest` uploads the whole blob in one request; `?mount&from` reuses a blob from another
 * repository.
 */
export const beginUpload: OciHandler = async (services, request, name): Promise<ApiResponse> => {
    const image = allowedImage(services, request, name, "uploadArtifacts");
    const { images, uploads } = services.registry;
    const digest = request.query.get("digest");
    if (digest !== null) {
        requireDigest(digest, "?digest");
    }
    const algorithm = digest === null ? readAlgorithm(request) : algorithmOf(digest);
    const mount = request.query.get("mount");
    const from = request.query.get("from");
    if (mount !== null && from !== null && canMount(services, request, from, mount)) {
        await images.addBlob(image.repository, mount);
        return stored(request, name, mount);
    }
    const upload = uploads.begin(image.repository, algorithm);
    if (digest === null) {
        return progress(request, name, upload, 202);
    }
    try {
        await upload.append(request.stream);
    } catch (error) {
        // No client knows the id of this upload, so it cannot be continued.
        uploads.forget(upload);
        await upload.cancel();
        throw error;
    }
    return await finish(services, request, name, image, upload, digest);
};

/** GET: returns an upload's progress. */
export const getUpload: OciHandler = (services, request, name, id): ApiResponse => {
    const image = allowedImage(services, request, name, "uploadArtifacts");
    return progress(request, name, uploadOf(services, image, id), 204);
};

/** PATCH: receives the next chunk. */
export const patchUpload: OciHandler = async (services, request, name, id): Promise<ApiResponse> => {
    const image = allowedImage(services, request, name, "uploadArtifacts");
    const upload = uploadOf(services, image, id);
    checkRange(request, upload);
    await upload.append(request.stream);
    return progress(request, name, upload, 202);
};

/** PUT: receives the last chunk, which may be empty, and the digest of the blob. */
export const finishUpload: OciHandler = async (services, request, name, id): Promise<ApiResponse> => {
    const image = allowedImage(services, request, name, "uploadArtifacts");
    const upload = uploadOf(services, image, id);
    const digest = request.query.get("digest") ?? "";
    requireDigest(digest, "?digest");
    checkRange(request, upload);
    await upload.append(request.stream);
    return await finish(services, request, name, image, upload, digest);
};

export const cancelUpload: OciHandler = async (services, request, name, id): Promise<ApiResponse> => {
    const image = allowedImage(services, request, name, "uploadArtifacts");
    const upload = uploadOf(services, image, id);
    services.registry.uploads.forget(upload);
    await upload.cancel();
    return { status: 204, headers: REGISTRY_HEADERS };
};

/**
 * Tests whether the caller may read the other repository, which a mount requires. If the caller may not, the client
 * uploads the blob.
 */
function canMount(services: RegistryServices, request: ApiRequest, from: string, digest: string): boolean {
    try {
        const { repository } = allowedImage(services, request, from, "downloadArtifacts");
        return services.registry.images.hasBlob(repository, digest);
    } catch (error) {
        if (error instanceof OciError) {
            return false;
        }
        throw error;
    }
}

async function finish(
    services: RegistryServices,
    request: ApiRequest,
    name: string,
    image: ImageName,
    upload: BlobUpload,
    digest: string,
): Promise<ApiResponse> {
    const { images, uploads } = services.registry;
    uploads.forget(upload);
    const actual = await upload.digest(algorithmOf(digest));
    if (actual !== digest) {
        await upload.cancel();
        throw digestInvalid(`the blob has the digest ${actual}, but ?digest is ${digest}`);
    }
    await images.storeBlob(image.repository, upload, digest);
    return stored(request, name, digest);
}

function uploadOf({ registry }: RegistryServices, { repository }: ImageName, id: string): BlobUpload {
    const upload = registry.uploads.get(repository, id);
    if (upload === undefined) {
        throw uploadUnknown(`upload ${id} is unknown; it has ended, or the emulator was restarted`);
    }
    return upload;
}

function checkRange(request: ApiRequest, upload: BlobUpload): void {
    const sent = request.headers["content-range"];
    if (sent === undefined) {
        return;
    }
    const [, start, end] = /^(?:bytes )?(\d{1,15})-(\d{1,15})$/.exec(sent) ?? [];
    if (start === undefined || end === undefined) {
        throw new OciError(400, "BLOB_UPLOAD_INVALID", `Content-Range must be START-END; got "${sent}"`);
    }
    if (Number(start) !== upload.size) {
        throw new OciError(
            416,
            "BLOB_UPLOAD_INVALID",
            `the upload is at byte ${upload.size}; the chunk begins at ${start}`,
            {
                range: rangeOf(upload),
            },
        );
    }
    const length = request.headers["content-length"];
    const announced = Number(end) - Number(start) + 1;
    if (length !== undefined && Number(length) !== announced) {
        throw new OciError(
            400,
            "SIZE_INVALID",
            `Content-Range specifies ${announced} bytes, but Content-Length is ${length}`,
        );
    }
}

/** Returns the requested part of a blob, or undefined for the whole blob. */
function rangeOfBlob(request: ApiRequest, digest: string, size: number) {
    const { range: header = "" } = request.headers;
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
    const range = Number(last) < Number(first) ? "unsatisfiable" : parseRange(header, size);
    if (range === "unsatisfiable") {
        throw new OciError(416, "SIZE_INVALID", `blob ${digest} has ${size} bytes; Range is ${header}`, {
            "content-range": `bytes */${size}`,
        });
    }
    return range;
}

function requireDigest(digest: string, what: string): void {
    if (!DIGEST.test(digest)) {
        throw digestInvalid(`${what} must be ${DIGEST_FORM}; got "${digest}"`);
    }
}

/**
 * Reads the parameter `digest-algorithm`, which names the algorithm of the digest that will complete a chunked upload.
 */
function readAlgorithm({ query }: ApiRequest): DigestAlgorithm {
    const algorithm = query.get("digest-algorithm") ?? "sha256";
    if (algorithm !== "sha256" && algorithm !== "sha512") {
        throw digestInvalid(`?digest-algorithm must be sha256 or sha512; got "${algorithm}"`);
    }
    return algorithm;
}

function progress(request: ApiRequest, name: string, upload: BlobUpload, status: number): ApiResponse {
    return {
        status,
        headers: {
            ...REGISTRY_HEADERS,
            location: `${request.baseUrl}/v2/${name}/blobs/uploads/${upload.id}`,
            range: rangeOf(upload),
            "docker-upload-uuid": upload.id,
        },
        ...(status === 204 ? {} : { body: "" }),
    };
}

function stored(request: ApiRequest, name: string, digest: string): ApiResponse {
    return {
        status: 201,
        headers: {
            ...REGISTRY_HEADERS,
            location: `${request.baseUrl}/v2/${name}/blobs/${digest}`,
            "docker-content-digest": digest,
        },
        body: "",
    };
}

function rangeOf(upload: BlobUpload): string {
    return `0-${Math.max(upload.size - 1, 0)}`;
}
