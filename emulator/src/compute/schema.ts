import { z } from "zod";
import { withoutNulls } from "../http/body";

/** A body in which nulls count as absent, even in lists, because the provider sends `nodeAffinities: [null]`. */
export function body<T extends z.ZodType>(schema: T) {
    return z.preprocess((value) => withoutNulls(value, "drop"), schema);
}

/** A 64-bit integer. It is a string on the wire, but some clients send a number. The result is always a string. */
export const int64 = z.union([z.string().regex(/^-?\d+$/), z.int()]).transform(String);

/**
 * A field that must be empty: false, "", [], {} or 0. Any other value results in a 501, because it would otherwise be
 * silently dropped.
 */
export function nothing() {
    return z
        .unknown()
        .superRefine((value, context) => {
            if (!["false", '""', "[]", "{}", "0", undefined].includes(JSON.stringify(value))) {
                // The path of the issue already names the field.
                context.addIssue({ code: "unrecognized_keys", keys: [""], input: {} });
            }
        })
        .optional();
}

/** An enum value, or "" for none, because the provider sends "" for a field that a program omits. */
export function orUnset<T extends z.ZodType>(word: T) {
    return z.preprocess((value) => (value === "" ? undefined : value), word.optional());
}

/** Output-only fields that a client sends back along with the other fields that it read. */
export const outputOnly = {
    kind: z.string().optional(),
    id: z.string().optional(),
    selfLink: z.string().optional(),
    creationTimestamp: z.string().optional(),
};

export const labels = z.record(z.string(), z.string());
