import { z } from "zod";

/**
 * Config of an image that stays in this machine's Docker engine. Its digest is the engine's image id, and no blob with
 * that digest is pushed. `local-images.ts` creates such manifests, and the docker command of the VM pulls them.
 */
export const ENGINE_IMAGE_CONFIG = "application/vnd.gcp-trainer.engine-image.v1";
/** Config of an image that is a folder on this machine and runs as a process. */
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
    return [...own, ...layers].map(({ digest }) => digest);
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
