import { createHash } from "node:crypto";
import type { Hyperparameter } from "./defaults";

/** Everything that makes a run the run it is. Timeouts, labels and the machine do not. */
export interface RunFacts {
    /** Hash of the dataset as Cloud Storage writes it: `md5:<base64>`, or `crc32c:<base64>` for an object without MD5. */
    dataset: string;
    /** Digest of the trainer's image, `sha256:...`. */
    image: string;
    hyperparameters: Readonly<Record<string, Hyperparameter>>;
    /** `""` for none. */
    target: string;
    dropColumns: readonly string[];
    env: Readonly<Record<string, string>>;
}

/** `r-` and the first 10 hex digits of SHA-256 over the canonical JSON of the facts. */
export function runId(facts: RunFacts): string {
    return `r-${createHash("sha256").update(canonicalJson(facts)).digest("hex").slice(0, 10)}`;
}

/**
 * JSON with the keys of every object sorted by UTF-16 code unit, no spaces, and numbers as ECMAScript writes them, as in
 * https://www.rfc-editor.org/rfc/rfc8785.
 */
export function canonicalJson(value: unknown): string {
    if (Array.isArray(value)) {
        return `[${value.map(canonicalJson).join(",")}]`;
    }
    if (typeof value === "object" && value !== null) {
        const pairs = Object.entries(value)
            .sort(byName)
            .map(([name, part]) => `${JSON.stringify(name)}:${canonicalJson(part)}`);
        return `{${pairs.join(",")}}`;
    }
    return JSON.stringify(value);
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
    return a < b ? -1 : 1;
}

/**
 * The trainer's arguments, `--name=value`, sorted by name: scalars as text, lists and objects as JSON; `target` and
 * `dropColumns` among them when they are set.
 */
export function trainerArgs(facts: Pick<RunFacts, "hyperparameters" | "target" | "dropColumns">): string[] {
    const values: Record<string, unknown> = {
        ...facts.hyperparameters,
        ...(facts.target === "" ? {} : { target: facts.target }),
        ...(facts.dropColumns.length === 0 ? {} : { dropColumns: facts.dropColumns }),
    };
    return Object.entries(values)
        .sort(byName)
        .map(([name, value]) => `--${name}=${typeof value === "object" ? canonicalJson(value) : String(value)}`);
}
