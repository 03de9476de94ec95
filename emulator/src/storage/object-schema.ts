import { z } from "zod";
import { storageClass } from "./bucket-schema";

const unused = z.unknown().optional();
const text = z.string().optional();

/** Fields of an object that a caller may set: https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
const attributes = {
    contentType: text,
    contentEncoding: text,
    contentDisposition: text,
    contentLanguage: text,
    cacheControl: text,
    customTime: z.iso.datetime({ offset: true }).optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    storageClass: storageClass.optional(),
    eventBasedHold: z.boolean().optional(),
    temporaryHold: z.boolean().optional(),
};

/** Output-only fields: clients send back what they read, and Google ignores them. */
const outputOnly = {
    kind: unused,
    id: unused,
    selfLink: unused,
    mediaLink: unused,
    generation: unused,
    metageneration: unused,
    size: unused,
    etag: unused,
    timeCreated: unused,
    timeDeleted: unused,
    timeFinalized: unused,
    timeStorageClassUpdated: unused,
    updated: unused,
    componentCount: unused,
};

/** An object as sent in the body of an upload (whose hashes are then verified), a patch, an update or a copy. */
export const objectSchema = z.strictObject({
    name: text,
    bucket: text,
    md5Hash: text,
    crc32c: text,
    ...attributes,
    ...outputOnly,
});

/** Object attributes that the writer chooses. */
export type ObjectAttributes = z.output<z.ZodObject<typeof attributes>>;

const ATTRIBUTE_NAMES = Object.keys(attributes) as (keyof typeof attributes)[];

/** Returns the attributes in a body, without output-only fields. */
export function pickAttributes(body: ObjectAttributes): ObjectAttributes {
    const present = ATTRIBUTE_NAMES.filter((name) => body[name] !== undefined);
    return Object.fromEntries(present.map((name) => [name, body[name]]));
}

/** Request body for objects.compose: https://cloud.google.com/storage/docs/json_api/v1/objects/compose */
export const composeSchema = z.strictObject({
    kind: unused,
    destination: objectSchema.optional(),
    sourceObjects: z
        .array(
            z.strictObject({
                name: z.string(),
                generation: z.union([z.string(), z.number()]).transform(String).optional(),
                objectPreconditions: z
                    .strictObject({ ifGenerationMatch: z.union([z.string(), z.number()]).transform(String).optional() })
                    .optional(),
            }),
        )
        .min(1)
        .max(32),
});
