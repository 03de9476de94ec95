import type { ApiRequest, ApiResponse } from "../http/types";
import { type BlobUpload, DIGEST } from "./blob-files";
import type { ImageName } from "./images";
import { allowedImage } from "./oci-access";
import { blobUnknown, digestInvalid, OciError, REGISTRY_HEADERS, uploadUnknown } from "./oci-errors";
import type { OciHandler } from "./oci-routes";

/** GET and HEAD of a blob. */
export const getBlob: OciHandler = async (request, name, digest): Promise<ApiResponse> => {
    const { repository } = allowedImage(request, name, "downloadArtifacts");
    const { images } = request.services.artifactRegistry;
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

/** POST: begins an upload; takes the whole blob with `?digest`, or another repository's with `?mount&from`. */
export const beginUpload: OciHandler = async (request, name): Promise<ApiResponse> => {
    const image = allowedImage(request, name, "uploadArtifacts");
    const { images, uploads } = request.services.artifactRegistry;
    const mount = request.query.get("mount");
    const from = request.query.get("from");
    if (mount !== null && from !== null && canMount(request, from, mount)) {
        await images.addBlob(image.repository, mount);
        return stored(request, name, mount);
    }
    const upload = uploads.begin();
    const digest = request.query.get("digest");
    if (digest !== null) {
        await upload.append(request.stream);
        return await finish(request, name, image, upload, digest);
    }
    return progress(request, name, upload, 202);
};

/** Where the upload stands. */
export const getUpload: OciHandler = (request, name, id): ApiResponse => {
    allowedImage(request, name, "uploadArtifacts");
    return progress(request, name, uploadOf(request, id), 204);
};

/** PATCH: the next piece. */
export const patchUpload: OciHandler = async (request, name, id): Promise<ApiResponse> => {
    allowedImage(request, name, "uploadArtifacts");
    const upload = uploadOf(request, id);
    checkRange(request, upload);
    await upload.append(request.stream);
    return progress(request, name, upload, 202);
};

/** PUT: the last piece, perhaps empty, and the digest of the whole. */
export const finishUpload: OciHandler = async (request, name, id): Promise<ApiResponse> => {
    const image = allowedImage(request, name, "uploadArtifacts");
    const upload = uploadOf(request, id);
    checkRange(request, upload);
    await upload.append(request.stream);
    return await finish(request, name, image, upload, request.query.get("digest") ?? "");
};

export const cancelUpload: OciHandler = async (request, name, id): Promise<ApiResponse> => {
    allowedImage(request, name, "uploadArtifacts");
    const upload = uploadOf(request, id);
    request.services.artifactRegistry.uploads.forget(upload);
    await upload.cancel();
    return { status: 204, headers: REGISTRY_HEADERS };
};

/** Mounting needs the right to read the other repository; without it the client uploads. */
function canMount(request: ApiRequest, from: string, digest: string): boolean {
    try {
        const { repository } = allowedImage(request, from, "downloadArtifacts");
        return request.services.artifactRegistry.images.hasBlob(repository, digest);
    } catch (error) {
        if (error instanceof OciError) {
            return false;
        }
        throw error;
    }
}

async function finish(
    request: ApiRequest,
    name: string,
    image: ImageName,
    upload: BlobUpload,
    digest: string,
): Promise<ApiResponse> {
    const { images, uploads } = request.services.artifactRegistry;
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

function uploadOf(request: ApiRequest, id: string): BlobUpload {
    const upload = request.services.artifactRegistry.uploads.get(id);
    if (upload === undefined) {
        throw uploadUnknown(`upload ${id} is not known: it has ended, or the emulator was restarted`);
    }
    return upload;
}

function checkRange(request: ApiRequest, upload: BlobUpload): void {
    const start = /^(?:bytes )?(\d+)-\d+/.exec(request.headers["content-range"] ?? "")?.[1];
    if (start !== undefined && Number(start) !== upload.size) {
        throw new OciError(
            416,
            "BLOB_UPLOAD_INVALID",
            `the upload stands at byte ${upload.size}; the piece begins at ${start}`,
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
