import { z } from "zod";

/** Removes what clients send for "not set": the provider sends null fields and even `nodeAffinities: [null]`. */
export function withoutNulls(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.filter((entry) => entry !== null).map(withoutNulls);
    }
    if (typeof value === "object" && value !== null) {
        return Object.fromEntries(
            Object.entries(value).flatMap(([key, entry]) => (entry === null ? [] : [[key, withoutNulls(entry)]])),
        );
    }
    return value;
}

/** A body whose nulls count as absent. */
export function body<T extends z.ZodType>(schema: T) {
    return z.preprocess(withoutNulls, schema);
}

/** A 64-bit number: text on the wire, but some clients send a number. Always text from here on. */
export const int64 = z.union([z.string().regex(/^-?\d+$/), z.int()]).transform(String);

/** Fields that are understood only as "nothing": false, "", [], {} or 0. Anything else would be dropped, so it is 501. */
export function nothing() {
    return z
        .unknown()
        .superRefine((value, context) => {
            if (!["false", '""', "[]", "{}", "0", undefined].includes(JSON.stringify(value))) {
                // The path of the issue is the field's name.
                context.addIssue({ code: "unrecognized_keys", keys: [""], input: {} });
            }
        })
        .optional();
}

/** A word, or "" for none: the provider sends it for what a program leaves out. */
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
