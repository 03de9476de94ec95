import { createHash } from "node:crypto";
import { canonicalJson } from "../run/canonical-json";
import type { Hyperparameter } from "./training-job-args";

/** Everything on which the run id depends. Timeouts, labels and the machine do not affect it. */
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
    /** The points of a sweep, and how the best one is chosen. */
    sweep?: SweepIdentity | undefined;
    /** The number of tasks in an array, which is visible to the container. */
    tasks?: number | undefined;
}

/** The part of a run id that only a sweep has. */
export interface SweepIdentity {
    points: readonly Readonly<Record<string, Hyperparameter>>[];
    metric: string;
    goal: string;
}

/** `r-` and the first 10 hex digits of the SHA-256 hash of the identity's canonical JSON. */
export function runId({ secretEnv = {}, sweep, tasks, ...identity }: RunIdentity): string {
    // These are omitted if they are empty, so that stacks without them keep the run ids that they had before
    // secrets, sweeps and arrays were supported.
    const covered = {
        ...identity,
        ...(Object.keys(secretEnv).length === 0 ? {} : { secretEnv }),
        ...(sweep === undefined ? {} : { sweep }),
        ...(tasks === undefined ? {} : { tasks }),
    };
    return `r-${createHash("sha256").update(canonicalJson(covered)).digest("hex").slice(0, 10)}`;
}

/**
 * `p-` and the ten hex digits of the run with the same dataset, image, environment and hyperparameters, so that every
 * sweep can recognise a point that another sweep has already trained.
 */
export function pointId(identity: RunIdentity, point: Readonly<Record<string, Hyperparameter>>): string {
    const hyperparameters = { ...identity.hyperparameters, ...point };
    return runId({ ...identity, hyperparameters, sweep: undefined }).replace("r-", "p-");
}
