import { z } from "zod";
import { withoutNulls } from "../http/body";

/** A body whose nulls count as absent, in lists too: the provider sends even `nodeAffinities: [null]`. */
export function body<T extends z.ZodType>(schema: T) {
    return z.preprocess((value) => withoutNulls(value, "drop"), schema);
}

/** A 64-bit number. It is text on the wire, but some clients send a number; the result is always text. */
export const int64 = z.union([z.string().regex(/^-?\d+$/), z.int()]).transform(String);

/** A field that may only be empty: false, "", [], {} or 0. Any other value would be dropped silently, so it is 501. */
export function nothing() {
    return z
        .unknown()
        .superRefine((value, context) => {
            if (!["false", '""', "[]", "{}", "0", undefined].includes(JSON.stringify(value))) {
                // The path of the issue is the field's name already.
                context.addIssue({ code: "unrecognized_keys", keys: [""], input: {} });
            }
        })
        .optional();
}

/** A word, or "" for none: the provider sends "" for a field that a program leaves out. */
export function orUnset<T extends z.ZodType>(word: T) {
    return z.preprocess((value) => (value === "" ? undefined : value), word.optional());
}

/** Output-only fields that a client sends back with what it read. */
export const outputOnly = {
    kind: z.string().optional(),
    id: z.string().optional(),
    selfLink: z.string().optional(),
    creationTimestamp: z.string().optional(),
};

export const labels = z.record(z.string(), z.string());
