import { DEFAULTS } from "../../../infra/defaults";
import { type CloudSettings, readCloudSettings } from "../../../run/credentials";
import { savedResultsType } from "../../../run/resource-types";
import { UsageError } from "../../start/stack-config";
import { askPulumi } from "./pulumi";

/** Where the runs of a stack are, and where their results go. */
export interface Place {
    /** Name of the bucket. */
    bucket: string;
    /** Name of the stack as results are filed under it. */
    stack: string;
    /** Folder of the results of all stacks, relative to the project folder. */
    resultsDir: string;
    settings: CloudSettings;
}

/** How a command line names a place. */
export interface PlaceOptions {
    /** Pulumi's name of the stack. @default the one that is selected in this folder */
    stack?: string | undefined;
    /** `gs://` URI or name of a bucket: then Pulumi is not asked. */
    bucket?: string | undefined;
}

/** Surroundings of a command. */
export interface Surroundings {
    /** The folder of Pulumi.yaml; results go below it. */
    projectDir: string;
    /** The folder whose `node_modules` holds the npm package `pulumi`. */
    packageDir: string;
    env: NodeJS.ProcessEnv;
    print(line: string): void;
}

/** The part of `pulumi stack export` that is read. https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_export/ */
interface StackExport {
    deployment: { resources?: { type: string; outputs?: Record<string, unknown> }[] };
}

/** Output of `pulumi config --json`. */
type StackConfigValues = Record<string, { value?: string }>;

/**
 * Finds a stack's bucket in its state, which has it even when no update has succeeded yet, and the settings of Google Cloud in
 * its config. With `bucket` it needs neither: credentials are those of the gcp provider's environment variables, or
 * Application Default Credentials.
 *
 * @throws UsageError when the bucket's name is none, when Pulumi cannot read the stack, or when it has no bucket
 */
export async function findPlace(options: PlaceOptions, { projectDir, packageDir, env }: Surroundings): Promise<Place> {
    if (options.bucket !== undefined) {
        const bucket = bucketName(options.bucket);
        const settings = readCloudSettings(() => undefined, env);
        return { bucket, stack: shortName(options.stack ?? bucket), resultsDir: DEFAULTS.resultsDir, settings };
    }
    const stackArgs = options.stack === undefined ? [] : ["--stack", options.stack];
    const how = { folder: projectDir, env, packageDir };
    const { deployment } = await askPulumi<StackExport>(["stack", "export", ...stackArgs], how);
    const saved = (deployment.resources ?? []).map(savedResultsOf).find((found) => found !== undefined);
    if (!saved) {
        const up = ["npx pulumi up", ...(options.stack ? ["-s", options.stack] : [])].join(" ");
        const which = options.stack ? `The stack ${options.stack}` : "The selected stack";
        throw new UsageError(`${which} has no bucket: nothing is deployed (${up})`);
    }
    const config = await askPulumi<StackConfigValues>(["config", "--json", "--show-secrets", ...stackArgs], how);
    return { ...saved, settings: readCloudSettings((key) => config[key]?.value, env) };
}

/** The state of the resource `SavedResults`, which knows the bucket and the folder for results. */
function savedResultsOf(resource: {
    type: string;
    outputs?: Record<string, unknown>;
}): Omit<Place, "settings"> | undefined {
    const { bucket, stack, resultsDir } = resource.outputs ?? {};
    return resource.type === savedResultsType &&
        typeof bucket === "string" &&
        typeof stack === "string" &&
        typeof resultsDir === "string"
        ? { bucket, stack, resultsDir }
        : undefined;
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

/** `dev` of `organization/project/dev`: what Pulumi's programs call the stack, and a folder's name. */
function shortName(stack: string): string {
    return stack.split("/").at(-1) ?? stack;
}
