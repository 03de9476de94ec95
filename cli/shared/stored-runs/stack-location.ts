import { DEFAULTS } from "../../../infra/defaults";
import { type CloudSettings, readCloudSettings } from "../../../run/credentials";
import { savedResultsType, trainingRunType } from "../../../run/resource-types";
import type { RunInputs } from "../../../run/training-run-provider";
import type { CommandContext } from "../command-context";
import { UsageError } from "../usage-error";
import { askPulumi } from "./pulumi";

/** Location of a stack's runs, and of their saved results. */
export interface StackLocation {
    /** The bucket's name. */
    bucket: string;
    /** The stack's name in the path of its results. */
    stack: string;
    /** Folder for the results of all stacks, relative to the project folder. */
    resultsDir: string;
    /** True if the results include the trainer's checkpoints. */
    saveCheckpoints: boolean;
    /** Id of the run that a `pulumi up` is waiting for, or was waiting for when it was killed. */
    waitedFor?: string | undefined;
    settings: CloudSettings;
    /** Returns the value of a key in the stack's config, such as `gcp:accessToken`. */
    config: (key: string) => string | undefined;
    /** The run in the stack's state, and the one that a `pulumi up` is waiting for; empty without the state. */
    runs: StackRun[];
}

/** A run, and where it trains. */
export type StackRun = Pick<RunInputs, "runId" | "project" | "zone" | "instance" | "batch">;

/** The options that select a stack. */
export interface StackOptions {
    /** Pulumi's name for the stack. @default the stack selected in this folder */
    stack?: string | undefined;
    /** A bucket's `gs://` URI or name. Pulumi is not queried if this is set. */
    bucket?: string | undefined;
}

/** The part of `pulumi stack export` that is read. https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_export/ */
interface StackExport {
    deployment: {
        resources?: { type: string; outputs?: Record<string, unknown> }[];
        pending_operations?: { resource: { type: string; inputs?: Record<string, unknown> } }[];
    };
}

const DEFAULTS_OF_RESULTS = { resultsDir: DEFAULTS.resultsDir, saveCheckpoints: DEFAULTS.saveCheckpoints };

/** Output from `pulumi config --json`. */
type StackConfigValues = Record<string, { value?: string }>;

/** A stack that has never been deployed, or has been destroyed. */
export class NotDeployedError extends UsageError {}

/**
 * Finds a stack's bucket in its state, which contains it even before an update succeeds, and the Google Cloud settings
 * in its config. With `bucket`, neither is needed: credentials come from the gcp provider's environment variables or
 * from Application Default Credentials.
 *
 * @throws UsageError when the bucket's name is invalid, when Pulumi cannot read the stack, or when the stack has no
 * bucket
 */
export async function findStack(
    options: StackOptions,
    { projectDir, packageDir, env }: CommandContext,
): Promise<StackLocation> {
    if (options.bucket !== undefined) {
        const bucket = bucketName(options.bucket);
        const settings = readCloudSettings(() => undefined, env);
        const stack = shortName(options.stack ?? bucket);
        return { bucket, stack, ...DEFAULTS_OF_RESULTS, settings, config: () => undefined, runs: [] };
    }
    const stackArgs = options.stack === undefined ? [] : ["--stack", options.stack];
    const pulumi = { folder: projectDir, env, packageDir, acceptsBucket: true };
    const { deployment } = await askPulumi<StackExport>(["stack", "export", ...stackArgs], pulumi);
    const saved = (deployment.resources ?? []).map(savedResultsOf).find((found) => found !== undefined);
    if (!saved) {
        const up = ["npx pulumi up", ...(options.stack ? ["-s", options.stack] : [])].join(" ");
        const which = options.stack ? `The stack ${options.stack}` : "The selected stack";
        throw new NotDeployedError(`${which} has no bucket: nothing is deployed (${up})`);
    }
    const config = await askPulumi<StackConfigValues>(["config", "--json", "--show-secrets", ...stackArgs], pulumi);
    const waitedFor = (deployment.pending_operations ?? []).flatMap(runIdsOf).at(-1);
    const configured = (key: string) => config[key]?.value;
    const states = [
        ...(deployment.pending_operations ?? []).map(({ resource }) => ({ ...resource, state: resource.inputs })),
        ...(deployment.resources ?? []).map((resource) => ({ ...resource, state: resource.outputs })),
    ];
    const runs = states
        .filter(({ type, state }) => type === trainingRunType && typeof state?.runId === "string")
        .map(({ state }) => state as unknown as StackRun);
    return { ...saved, waitedFor, settings: readCloudSettings(configured, env), config: configured, runs };
}

/** The state of the `SavedResults` resource, which contains the bucket and the results folder. */
function savedResultsOf(resource: {
    type: string;
    outputs?: Record<string, unknown>;
}): Omit<StackLocation, "settings" | "config" | "runs"> | undefined {
    const { bucket, stack, resultsDir, saveCheckpoints = false } = resource.outputs ?? {};
    return resource.type === savedResultsType &&
        typeof bucket === "string" &&
        typeof stack === "string" &&
        typeof resultsDir === "string"
        ? { bucket, stack, resultsDir, saveCheckpoints: saveCheckpoints === true }
        : undefined;
}

/** The run's id in an unfinished operation on a `TrainingRun`. */
function runIdsOf({ resource }: { resource: { type: string; inputs?: Record<string, unknown> } }): string[] {
    const runId = resource.inputs?.runId;
    return resource.type === trainingRunType && typeof runId === "string" ? [runId] : [];
}

/** https://cloud.google.com/storage/docs/buckets#naming */
function bucketName(text: string): string {
    const name = /^(?:gs:\/\/)?([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])\/?$/.exec(text)?.[1];
    if (name === undefined) {
        throw new UsageError(
            `--bucket must be gs://BUCKET; got "${text}" (the stack output bucketUrl: npx pulumi stack output bucketUrl)`,
        );
    }
    return name;
}

/**
 * The last part of a stack's full name, such as `dev` in `organization/project/dev`. It is the stack's name in a Pulumi
 * program and in the path of its results.
 */
function shortName(stack: string): string {
    return stack.split("/").at(-1) ?? stack;
}
