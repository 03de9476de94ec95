import { z } from "zod";

/**
 * Config of an image that stays in this machine's Docker engine: its digest is the engine's image id, and no blob of that
 * digest is pushed. `local-images.ts` makes such manifests, and the VM's docker pulls them.
 */
export const ENGINE_IMAGE_CONFIG = "application/vnd.gcp-trainer.engine-image.v1";
/** Config of an image that is a folder of this machine, run as a process. */
export const PROCESS_IMAGE_CONFIG = "application/vnd.gcp-trainer.process-image.v1+json";
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";

const descriptor = z.looseObject({ mediaType: z.string().optional(), digest: z.string(), size: z.number().optional() });

/** Image manifests and indexes: https://github.com/opencontainers/image-spec/blob/main/manifest.md */
const manifestSchema = z.looseObject({
    schemaVersion: z.literal(2),
    mediaType: z.string().optional(),
    config: descriptor.optional(),
    layers: z.array(descriptor).optional(),
    manifests: z.array(descriptor).optional(),
});

type ParsedManifest = z.output<typeof manifestSchema>;

/** Reads a manifest; a sentence instead if it is none. */
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

/** Digests of blobs that must be there before the manifest. */
export function blobsOf({ config, layers = [] }: ParsedManifest): string[] {
    const own = config === undefined || config.mediaType === ENGINE_IMAGE_CONFIG ? [] : [config];
    return [...own, ...layers].map(({ digest }) => digest);
}

/** Bytes of config and layers, as the manifest tells them. */
export function imageSize(text: string): number {
    const manifest = parseManifest(text);
    if (typeof manifest === "string") {
        return 0;
    }
    const parts = [...(manifest.config === undefined ? [] : [manifest.config]), ...(manifest.layers ?? [])];
    return parts.reduce((sum, { size = 0 }) => sum + size, 0);
}
