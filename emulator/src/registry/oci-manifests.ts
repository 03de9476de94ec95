import { readAll } from "../http/body";
import type { ApiResponse } from "../http/types";
import { DIGEST, digestOf } from "./blob-files";
import { blobsOf, OCI_MANIFEST, parseManifest } from "./manifests";
import {
    allowedImage,
    digestInvalid,
    manifestInvalid,
    manifestUnknown,
    nameUnknown,
    OciError,
    type OciHandler,
    REGISTRY_HEADERS,
} from "./oci-access";

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** GET and HEAD of a manifest by tag or digest. */
export const getManifest: OciHandler = (services, request, name, reference): ApiResponse => {
    const image = allowedImage(services, request, name, "downloadArtifacts");
    const manifest = services.registry.images.manifest(image, reference);
    if (manifest === undefined) {
        throw manifestUnknown(`Failed to fetch "${reference}" of ${name}: not found`);
    }
    return {
        headers: {
            ...REGISTRY_HEADERS,
            "content-type": manifest.mediaType,
            "docker-content-digest": manifest.digest,
            etag: `"${manifest.digest}"`,
        },
        body: manifest.text,
    };
};

/** Stores a manifest. Everything it refers to must exist already. */
export const putManifest: OciHandler = async (services, request, name, reference): Promise<ApiResponse> => {
    const image = allowedImage(services, request, name, "uploadArtifacts");
    const { images, repositories } = services.registry;
    const text = (await readAll(request.stream, MAX_MANIFEST_BYTES)).toString("utf8");
    const digest = digestOf(text);
    if (DIGEST.test(reference) ? reference !== digest : !TAG.test(reference)) {
        throw digestInvalid(`the manifest has the digest ${digest}; it was sent as "${reference}"`);
    }
    const parsed = parseManifest(text);
    if (typeof parsed === "string") {
        throw manifestInvalid(parsed);
    }
    const missing = [
        ...blobsOf(parsed).filter((blob) => !images.hasBlob(image.repository, blob)),
        ...(parsed.manifests ?? []).map((one) => one.digest).filter((one) => images.manifest(image, one) === undefined),
    ];
    if (missing.length > 0) {
        throw new OciError(
            400,
            "MANIFEST_BLOB_UNKNOWN",
            `the manifest refers to content that was not pushed: ${missing.join(", ")}`,
        );
    }
    const tag = DIGEST.test(reference) ? undefined : reference;
    const [project = "", id = ""] = image.repository.split("/");
    const immutable = repositories.find(project, id)?.settings.dockerConfig?.immutableTags === true;
    const tagged = tag === undefined ? undefined : images.manifest(image, tag);
    if (immutable && tagged !== undefined && tagged.digest !== digest) {
        throw manifestInvalid(`cannot update tag ${tag}. The repository has enabled tag immutability`);
    }
    const mediaType = request.headers["content-type"] ?? parsed.mediaType ?? OCI_MANIFEST;
    await images.putManifest(image, { digest, mediaType, text, uploadTime: new Date().toISOString() }, tag);
    return {
        status: 201,
        headers: {
            ...REGISTRY_HEADERS,
            location: `${request.baseUrl}/v2/${name}/manifests/${digest}`,
            "docker-content-digest": digest,
        },
        body: "",
    };
};

/** Deletes a tag, or a manifest by digest. */
export const deleteManifest: OciHandler = async (services, request, name, reference): Promise<ApiResponse> => {
    const image = allowedImage(services, request, name, "deleteArtifacts");
    if (!(await services.registry.images.deleteManifest(image, reference))) {
        throw manifestUnknown(`Failed to delete "${reference}" of ${name}: not found`);
    }
    return { status: 202, headers: REGISTRY_HEADERS, body: "" };
};

export const listTags: OciHandler = (services, request, name): ApiResponse => {
    const image = allowedImage(services, request, name, "downloadArtifacts");
    const { images } = services.registry;
    const known = images.list(image.repository).some((one) => one.image === image.image);
    if (!known) {
        throw nameUnknown(`Package "${image.image}" not found`);
    }
    return { headers: REGISTRY_HEADERS, body: { name, tags: images.tags(image) } };
};
