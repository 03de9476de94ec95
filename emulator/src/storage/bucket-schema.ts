import { z } from "zod";
import { NOT_EMULATED } from "../http/body";

const int32 = z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1);
/** 64-bit integers are strings, but generated clients also send small values as numbers. */
const int64 = z.union([z.string().regex(/^\d{1,19}$/), z.number().int().min(0)]).transform(String);
const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

/** https://cloud.google.com/storage/docs/storage-classes and the legacy names that are still accepted. */
export const storageClass = z.enum([
    "STANDARD",
    "NEARLINE",
    "COLDLINE",
    "ARCHIVE",
    "MULTI_REGIONAL",
    "REGIONAL",
    "DURABLE_REDUCED_AVAILABILITY",
]);

/** https://cloud.google.com/storage/docs/tags-and-labels#bucket-labels */
const labelText = z
    .string()
    .regex(/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u, "must be up to 63 lower-case letters, digits, _ or -");
const labels = z.record(labelText, labelText).refine((value) => Object.keys(value).length <= 64, "at most 64 labels");

const lifecycleRule = z.strictObject({
    action: z.strictObject({
        type: z.enum(["Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"]),
        storageClass: storageClass.optional(),
    }),
    condition: z.strictObject({
        age: int32.optional(),
        createdBefore: date.optional(),
        customTimeBefore: date.optional(),
        daysSinceCustomTime: int32.optional(),
        daysSinceNoncurrentTime: int32.optional(),
        isLive: z.boolean().optional(),
        matchesPrefix: z.array(z.string()).optional(),
        matchesStorageClass: z.array(storageClass).optional(),
        matchesSuffix: z.array(z.string()).optional(),
        noncurrentTimeBefore: date.optional(),
        numNewerVersions: int32.optional(),
    }),
});

const softDeletePolicy = z.strictObject({
    retentionDurationSeconds: int64
        .refine((value) => value === "0" || (Number(value) >= 604_800 && Number(value) <= 7_776_000), {
            message: "must be 0, or from 604800 (7 days) to 7776000 (90 days)",
        })
        .optional(),
    effectiveTime: z.string().optional(),
});

const accessLevel = z.strictObject({ enabled: z.boolean().optional(), lockedTime: z.string().optional() });

/** Fields of a bucket that a caller may set: https://cloud.google.com/storage/docs/json_api/v1/buckets#resource */
const settings = {
    storageClass: storageClass.optional(),
    labels: labels.optional(),
    versioning: z.strictObject({ enabled: z.boolean() }).optional(),
    lifecycle: z.strictObject({ rule: z.array(lifecycleRule).max(100).optional() }).optional(),
    softDeletePolicy: softDeletePolicy.optional(),
    iamConfiguration: z
        .strictObject({
            uniformBucketLevelAccess: accessLevel.optional(),
            bucketPolicyOnly: accessLevel.optional(),
            publicAccessPrevention: z.enum(["inherited", "unspecified", "enforced"]).optional(),
        })
        .optional(),
    rpo: z.enum(["DEFAULT"], NOT_EMULATED).optional(),
    encryption: z.strictObject({ defaultKmsKeyName: z.string().optional() }).optional(),
};

const unused = z.unknown().optional();

/** Output-only fields: clients send back what they read, and Google ignores them. */
const outputOnly = {
    kind: unused,
    id: unused,
    selfLink: unused,
    projectNumber: unused,
    generation: unused,
    metageneration: unused,
    timeCreated: unused,
    updated: unused,
    etag: unused,
    locationType: unused,
    satisfiesPZS: unused,
    satisfiesPZI: unused,
};

/** Location names are stored in upper case, regardless of the case that the caller uses. */
const location = z
    .string()
    .transform((value) => value.toUpperCase())
    .refine((value) => /^(US|EU|ASIA|NAM4|EUR[4578]|ASIA1|[A-Z]+-[A-Z]+\d+)$/.test(value), "is not a location");

/** Body of buckets.insert. */
export const newBucketSchema = z.strictObject({
    name: z.string(),
    location: location.default("US"),
    ...settings,
    ...outputOnly,
});

/** A complete bucket after a patch, or the request body for buckets.update. Its name and location cannot change. */
export const bucketSchema = z.strictObject({
    name: z.string().optional(),
    location: location.optional(),
    ...settings,
    ...outputOnly,
});

/** Bucket settings that the owner chooses. */
export type BucketSettings = z.output<z.ZodObject<typeof settings>>;
