import { createHash } from "node:crypto";
import { jobLabel } from "../run/marks";

/** The identity of one job, from which the names of its resources are derived. */
export interface JobIdentity {
    /** Google Cloud project id. */
    project: string;
    /** Name of the Pulumi project. */
    pulumiProject: string;
    /** Name of the Pulumi stack. */
    stack: string;
    /** Name of the `TrainingJob` within its Pulumi program. */
    component: string;
}

/** Names of one job's resources on Google Cloud. */
export interface JobNames {
    /** Bucket names are unique across all of Google Cloud, hence the long hash. */
    bucket: string;
    repository: string;
    /** The part of the service account's address before the `@`. */
    account: string;
    network: string;
    subnetwork: string;
    firewall: string;
    /** Subnetwork for the VMs of Batch jobs. */
    batchSubnetwork: string;
    /** Value of the label {@link jobLabel}, by which a job's leftovers can be found. */
    label: string;
    /** First part of the job's secrets' names; the variable's name follows. */
    secretPrefix: string;
    /** The topic and the push subscription for notifications. */
    topic: string;
    /** Name of the VM for one run; ends in the run id. */
    instance: (runId: string) => string;
    /** Id of the first Batch job for one run; ends in the run id. Later jobs append a number. */
    batchJob: (runId: string) => string;
}

/** Longest name in Compute Engine, Artifact Registry and Cloud Storage. */
const MAX_NAME = 63;
const MAX_ACCOUNT = 30;
const HASH = 6;
const BUCKET_HASH = 10;
const RUN_ID_AND_DASH = 13;
/** Length of the longest number that is appended to a Batch job's id, such as "-a100". */
const JOB_NUMBER = 5;
/** Length of the longest of "-firewall", "-network" and "-subnet". */
const MAX_SUFFIX = 9;

/**
 * Derives names that obey Google Cloud's rules for any Pulumi project and stack name: lowercase letters, digits and
 * dashes, starting with a letter, not ending with a dash, and within the service's maximum length. They are the same
 * each time the program runs (no random suffix). A hash of the whole identity keeps the names of two jobs distinct,
 * even if their readable parts are identical.
 */
export function jobNames(identity: JobIdentity): JobNames {
    const readable = clean(`${identity.pulumiProject}-${identity.stack}`);
    const hash = createHash("sha256")
        .update(JSON.stringify([identity.project, identity.pulumiProject, identity.stack, identity.component]))
        .digest("hex");
    const base = join(readable, hash.slice(0, HASH), MAX_NAME - MAX_SUFFIX);
    const vm = join(readable, hash.slice(0, HASH), MAX_NAME - RUN_ID_AND_DASH);
    const job = join(readable, hash.slice(0, HASH), MAX_NAME - RUN_ID_AND_DASH - JOB_NUMBER);
    return {
        bucket: join(withoutGoogle(readable), hash.slice(0, BUCKET_HASH), MAX_NAME),
        repository: base,
        account: join(readable, hash.slice(0, HASH), MAX_ACCOUNT),
        network: `${base}-network`,
        subnetwork: `${base}-subnet`,
        batchSubnetwork: `${base}-batch`,
        firewall: `${base}-firewall`,
        label: base,
        secretPrefix: base,
        topic: base,
        instance: (runId) => `${vm}-${runId}`,
        batchJob: (runId) => `${job}-${runId}`,
    };
}

function join(readable: string, hash: string, max: number): string {
    return `${trimDashes(readable.slice(0, max - hash.length - 1))}-${hash}`;
}

function clean(text: string): string {
    const dashed = trimDashes(text.toLowerCase().replace(/[^a-z0-9]+/g, "-"));
    return /^[a-z]/.test(dashed) ? dashed : trimDashes(`t-${dashed}`);
}

/** Bucket names must not begin with "goog", and must not contain "google" or a misspelling such as "g00gle". */
function withoutGoogle(text: string): string {
    return text.replace(/g[o0]{2}g/g, "g-g");
}

function trimDashes(text: string): string {
    return text.replace(/^-+|-+$/g, "");
}
