import type { ApiRequest, ApiResponse } from "../http/types";
import { type BlobUpload, DIGEST } from "./blob-files";
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

/** GET and HEAD of a blob. */
export const getBlob: OciHandler = async (services, request, name, digest): Promise<ApiResponse> => {
    const { repository } = allowedImage(services, request, name, "downloadArtifacts");
    const { images } = services.registry;
    const size = images.hasBlob(repository, digest) ? await images.files.size(digest) : undefined;
    if (size === undefined) {
        throw blobUnknown(`blob ${digest} of ${name} not found`);
    }
    const headers = {
        ...REGISTRY_HEADERS,
        "content-type": "application/octet-stream",
        "content-length": String(size),
        "docker-content-digest": digest,
    };
    return request.method === "HEAD" ? { status: 200, headers } : { headers, body: images.files.read(digest) };
};

/**
 * POST: begins an upload. `?digest` uploads the whole blob in one request; `?mount&from` reuses a blob of another
 * repository.
 */
export const beginUpload: OciHandler = async (services, request, name): Promise<ApiResponse> => {
    const image = allowedImage(services, request, name, "uploadArtifacts");
    const { images, uploads } = services.registry;
    const mount = request.query.get("mount");
    const from = request.query.get("from");
    if (mount !== null && from !== null && canMount(services, request, from, mount)) {
        await images.addBlob(image.repository, mount);
        return stored(request, name, mount);
    }
    const upload = uploads.begin();
    const digest = request.query.get("digest");
    if (digest !== null) {
        await upload.append(request.stream);
        return await finish(services, request, name, image, upload, digest);
    }
    return progress(request, name, upload, 202);
};

/** GET: returns the progress of an upload. */
export const getUpload: OciHandler = (services, request, name, id): ApiResponse => {
    allowedImage(services, request, name, "uploadArtifacts");
    return progress(request, name, uploadOf(services, id), 204);
};

/** PATCH: receives the next chunk. */
export const patchUpload: OciHandler = async (services, request, name, id): Promise<ApiResponse> => {
    allowedImage(services, request, name, "uploadArtifacts");
    const upload = uploadOf(services, id);
    checkRange(request, upload);
    await upload.append(request.stream);
    return progress(request, name, upload, 202);
};

/** PUT: receives the last chunk, which may be empty, and the digest of the blob. */
export const finishUpload: OciHandler = async (services, request, name, id): Promise<ApiResponse> => {
    const image = allowedImage(services, request, name, "uploadArtifacts");
    const upload = uploadOf(services, id);
    checkRange(request, upload);
    await upload.append(request.stream);
    return await finish(services, request, name, image, upload, request.query.get("digest") ?? "");
};

export const cancelUpload: OciHandler = async (services, request, name, id): Promise<ApiResponse> => {
    allowedImage(services, request, name, "uploadArtifacts");
    const upload = uploadOf(services, id);
    services.registry.uploads.forget(upload);
    await upload.cancel();
    return { status: 204, headers: REGISTRY_HEADERS };
};

/**
 * Tests whether the caller may read the other repository, which a mount requires. If not, the client uploads the blob.
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
    if (!DIGEST.test(digest)) {
        await upload.cancel();
        throw digestInvalid(`?digest must be sha256:<64 hex digits>; got "${digest}"`);
    }
    const actual = await upload.finish(digest);
    if (actual !== digest) {
        throw digestInvalid(`the blob has the digest ${actual}; ?digest says ${digest}`);
    }
    await images.addBlob(image.repository, digest);
    return stored(request, name, digest);
}

function uploadOf({ registry }: RegistryServices, id: string): BlobUpload {
    const upload = registry.uploads.get(id);
    if (upload === undefined) {
        throw uploadUnknown(`upload ${id} is unknown; it has ended or the emulator was restarted`);
    }
    return upload;
}

function checkRange(request: ApiRequest, upload: BlobUpload): void {
    const start = /^(?:bytes )?(\d+)-\d+/.exec(request.headers["content-range"] ?? "")?.[1];
    if (start !== undefined && Number(start) !== upload.size) {
        throw new OciError(
            416,
            "BLOB_UPLOAD_INVALID",
            `the upload is at byte ${upload.size}; the chunk begins at ${start}`,
            {
                range: rangeOf(upload),
            },
        );
    }
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
