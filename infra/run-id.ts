import { createHash } from "node:crypto";
import { canonicalJson } from "../run/canonical-json";
import type { Hyperparameter } from "./training-job-args";

/** Everything that the run id covers. Timeouts, labels and the machine do not affect it. */
export interface RunIdentity {
    /** `md5:<base64>`, or `crc32c:<base64>` for an object without an MD5. */
    dataset: string;
    /** Digest of the trainer's image, `sha256:...`. */
    image: string;
    hyperparameters: Readonly<Record<string, Hyperparameter>>;
    /** `""` for none. */
    target: string;
    dropColumns: readonly string[];
    env: Readonly<Record<string, string>>;
    /** Full names of secret versions by variable name. Secret values and their hashes are not part of the run id. */
    secretEnv?: Readonly<Record<string, string>>;
}

/** `r-` and the first 10 hex digits of the SHA-256 hash of the identity's canonical JSON. */
export function runId({ secretEnv = {}, ...identity }: RunIdentity): string {
    // This is omitted if it is empty, so that stacks without secrets keep the run ids that they had before secrets were
    // supported.
    const covered = Object.keys(secretEnv).length === 0 ? identity : { ...identity, secretEnv };
    return `r-${createHash("sha256").update(canonicalJson(covered)).digest("hex").slice(0, 10)}`;
}
