import type { Fix } from "./issues";
import { type ConfigValues, KEYS, type KeyName } from "./keys";
import type { ProjectFiles } from "./project-files";

/** A contradiction between values, or between a value and the project's files. */
export interface Conflict {
    key: KeyName;
    /** Begins with "must". */
    must: string;
    fix: Fix;
}

/** The values of all keys, and the region of the stack. */
export type CheckedValues = ConfigValues & { readonly region: string };

/** A check of several values together. */
export interface Rule {
    /** Keys that the rule reads; the rule is skipped if one of them is invalid. */
    keys: readonly KeyName[];
    find: (config: CheckedValues, files: ProjectFiles) => Conflict | undefined;
}

/** A conflict that can be resolved by changing the key's value. */
export function conflict(key: KeyName, must: string, value = KEYS[key].example.value): Conflict {
    return { key, must, fix: { set: [key], value } };
}
