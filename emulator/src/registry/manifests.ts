import { z } from "zod";
import { DIGEST } from "./blob-files";

/**
 * Config of an image that stays in this machine's Docker engine. Its digest is the engine's image id, and no blob with
 * that digest is pushed. `local-images.ts` creates such manifests, and the VM's docker command pulls them.
 */
export const ENGINE_IMAGE_CONFIG = "application/vnd.gcp-trainer.engine-image.v1";
/** Config of an image that is a folder on this machine and runs as a process. */
export const PROCESS_IMAGE_CONFIG = "application/vnd.gcp-trainer.process-image.v1+json";
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";

const descriptor = z.looseObject({ mediaType: z.string().optional(), digest: z.string(), size: z.number().optional() });
/** Layers that a registry may not distribute. Clients download them from the URLs in their descriptors. */
const NOT_DISTRIBUTABLE = /\.nondistributable\.|\.foreign\./;

/** Image manifests and indexes: https://github.com/opencontainers/image-spec/blob/main/manifest.md */
const manifestSchema = z.looseObject({
    schemaVersion: z.literal(2),
    mediaType: z.string().optional(),
    config: descriptor.optional(),
    layers: z.array(descriptor).optional(),
    manifests: z.array(descriptor).optional(),
    artifactType: z.string().optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    /** The manifest to which this one (e.g. a signature) refers. It need not exist. */
    subject: z
        .looseObject({
            mediaType: z.string().optional(),
            digest: z.string().regex(DIGEST),
            size: z.number().optional(),
        })
        .optional(),
});

type ParsedManifest = z.output<typeof manifestSchema>;

/** Parses a manifest. Returns an error message if it is invalid. */
export function parseManifest(text: string): ParsedManifest | string {
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch {
        return "the manifest is not JSON";
    }
    const parsed = manifestSchema.safeParse(value);
    if (!parsed.success) {
        return `the manifest is invalid: ${parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}`;
    }
    return parsed.data.config === undefined && parsed.data.manifests === undefined
        ? "the manifest has neither config nor manifests"
        : parsed.data;
}

/** Returns the digests of blobs that must exist before the manifest is pushed. */
export function blobsOf({ config, layers = [] }: ParsedManifest): string[] {
    const own = config === undefined || config.mediaType === ENGINE_IMAGE_CONFIG ? [] : [config];
    const distributed = layers.filter(({ mediaType = "" }) => !NOT_DISTRIBUTABLE.test(mediaType));
    return [...own, ...distributed].map(({ digest }) => digest);
}

/** Returns the total size of config and layers in bytes, as stated in the manifest. */
export function imageSize(text: string): number {
    const manifest = parseManifest(text);
    if (typeof manifest === "string") {
        return 0;
    }
    const parts = [...(manifest.config === undefined ? [] : [manifest.config]), ...(manifest.layers ?? [])];
    return parts.reduce((sum, { size = 0 }) => sum + size, 0);
}

/** A descriptor in a response from the referrers API. */
export interface Referrer {
    readonly mediaType: string;
    readonly size: number;
    readonly digest: string;
    readonly artifactType?: string;
    readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Returns a manifest as a referrer of a subject, or undefined if it does not refer to the subject.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export function referrerOf(
    subject: string,
    { text, digest, mediaType }: { readonly text: string; readonly digest: string; readonly mediaType: string },
): Referrer | undefined {
    const manifest = parseManifest(text);
    if (typeof manifest === "string" || manifest.subject?.digest !== subject) {
        return undefined;
    }
    const { annotations } = manifest;
    const artifactType = manifest.artifactType || manifest.config?.mediaType;
    return {
        mediaType,
        size: Buffer.byteLength(text),
        digest,
        ...(artifactType === undefined ? {} : { artifactType }),
        ...(annotations === undefined ? {} : { annotations }),
    };
}
