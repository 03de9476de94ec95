import { z } from "zod";

const encryption = z.strictObject({ kmsKeyName: z.string() });
const replica = z.strictObject({ location: z.string(), customerManagedEncryption: encryption.optional() });

/**
 * Request body for a secret: https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets#Secret.
 * Rotation, expiry, aliases and delayed destruction are not emulated.
 */
export const secretBody = z.strictObject({
    replication: z
        .strictObject({
            automatic: z.strictObject({ customerManagedEncryption: encryption.optional() }).optional(),
            userManaged: z.strictObject({ replicas: z.array(replica).min(1) }).optional(),
        })
        .optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    etag: z.string().optional(),
    // These fields are output-only: clients send back what they read.
    name: z.string().optional(),
    createTime: z.string().optional(),
});

export type SecretBody = z.output<typeof secretBody>;

/** Body of `:addVersion`. */
export const addVersionBody = z.strictObject({
    payload: z
        .strictObject({
            data: z.base64().optional(),
            dataCrc32c: z
                .union([z.string().regex(/^\d+$/), z.int()])
                .transform(String)
                .optional(),
        })
        .optional(),
});

/** Request body for `:enable`, `:disable` and `:destroy`. */
export const versionStateBody = z.strictObject({ etag: z.string().optional() });
