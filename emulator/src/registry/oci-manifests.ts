import { readAll } from "../http/body";
import type { ApiRequest, ApiResponse } from "../http/types";
import { algorithmOf, DIGEST, DIGEST_FORM, digestOf } from "./blob-files";
import type { ImageName } from "./images";
import { blobsOf, OCI_INDEX, OCI_MANIFEST, parseManifest, referrerOf } from "./manifests";
import {
    allowedImage,
    digestInvalid,
    manifestInvalid,
    manifestUnknown,
    nameUnknown,
    OciError,
    type OciHandler,
    REGISTRY_HEADERS,
    unsupported,
} from "./oci-access";
import type { RegistryServices } from "./service";

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** GET and HEAD: returns a manifest by tag or digest. */
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

/** Stores a manifest. Everything that it refers to must already exist, except for its subject. */
export const putManifest: OciHandler = async (services, request, name, reference): Promise<ApiResponse> => {
    const image = allowedImage(services, request, name, "uploadArtifacts");
    const { images } = services.registry;
    const text = (await readAll(request.stream, MAX_MANIFEST_BYTES)).toString("utf8");
    const digest = checkedDigest(text, reference);
    const tags = DIGEST.test(reference) ? request.query.getAll("tag") : [reference];
    checkTags(services, image, digest, tags);
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
    // The specification tells registries to ignore media type parameters.
    const [sent] = request.headers["content-type"]?.split(";") ?? [];
    const mediaType = sent?.trim() || parsed.mediaType || OCI_MANIFEST;
    await images.putManifest(image, { digest, mediaType, text, uploadTime: new Date().toISOString() }, tags);
    return {
        status: 201,
        headers: {
            ...REGISTRY_HEADERS,
            location: `${request.baseUrl}/v2/${name}/manifests/${digest}`,
            "docker-content-digest": digest,
            ...(parsed.subject === undefined ? {} : { "oci-subject": parsed.subject.digest }),
            ...(tags.length > 0 && DIGEST.test(reference) ? { "oci-tag": tags.join(", ") } : {}),
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

/** Returns at most `n` tags after `last`, in ASCII order. */
export const listTags: OciHandler = (services, request, name): ApiResponse => {
    const image = allowedImage(services, request, name, "downloadArtifacts");
    const { images } = services.registry;
    const known = images.list(image.repository).some((one) => one.image === image.image);
    if (!known) {
        throw nameUnknown(`Package "${image.image}" not found`);
    }
    const last = request.query.get("last") ?? "";
    const remaining = images.tags(image).filter((tag) => tag > last);
    const tags = remaining.slice(0, readCount(request));
    const end = tags.at(-1);
    const next =
        end === undefined || tags.length === remaining.length
            ? {}
            : {
                  link: `</v2/${name}/tags/list?${new URLSearchParams({ n: String(tags.length), last: end })}>; rel="next"`,
              };
    return { headers: { ...REGISTRY_HEADERS, ...next }, body: { name, tags } };
};

/** Returns the manifests of an image that have a given subject, which itself need not exist. */
export const listReferrers: OciHandler = (services, request, name, subject): ApiResponse => {
    const image = allowedImage(services, request, name, "downloadArtifacts");
    if (!DIGEST.test(subject)) {
        throw digestInvalid(`the subject must be ${DIGEST_FORM}; got "${subject}"`);
    }
    const artifactType = request.query.get("artifactType");
    const manifests = services.registry.images
        .list(image.repository)
        .filter((one) => one.image === image.image)
        .flatMap((one) => referrerOf(subject, one) ?? [])
        .filter((one) => artifactType === null || one.artifactType === artifactType);
    return {
        headers: {
            ...REGISTRY_HEADERS,
            "content-type": OCI_INDEX,
            ...(artifactType === null ? {} : { "oci-filters-applied": "artifactType" }),
        },
        body: { schemaVersion: 2, mediaType: OCI_INDEX, manifests },
    };
};

/** Returns the digest of a manifest, using the algorithm of the digest in its reference. */
function checkedDigest(text: string, reference: string): string {
    if (TAG.test(reference)) {
        return digestOf(text);
    }
    if (!DIGEST.test(reference)) {
        throw digestInvalid(`a manifest must be pushed by a tag or by ${DIGEST_FORM}; got "${reference}"`);
    }
    const digest = digestOf(text, algorithmOf(reference));
    if (digest !== reference) {
        throw digestInvalid(`the manifest has the digest ${digest}, but it was pushed as "${reference}"`);
    }
    return digest;
}

function checkTags({ registry }: RegistryServices, image: ImageName, digest: string, tags: readonly string[]): void {
    const [project = "", id = ""] = image.repository.split("/");
    const isImmutable = registry.repositories.find(project, id)?.settings.dockerConfig?.immutableTags === true;
    for (const tag of tags) {
        if (!TAG.test(tag)) {
            throw manifestInvalid(`a tag must be 1 to 128 letters, digits, ".", "_" and "-"; got "${tag}"`);
        }
        const tagged = registry.images.manifest(image, tag);
        if (isImmutable && tagged !== undefined && tagged.digest !== digest) {
            throw manifestInvalid(`cannot update tag ${tag}. The repository has enabled tag immutability`);
        }
    }
}

/** Reads the parameter `n`; undefined if absent. */
function readCount({ query }: ApiRequest): number | undefined {
    const n = query.get("n");
    if (n !== null && !/^\d{1,15}$/.test(n)) {
        throw unsupported(400, `?n must be a whole number; got "${n}"`);
    }
    return n === null ? undefined : Number(n);
}
