import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { MockCallArgs, MockResourceArgs, MockResourceResult } from "@pulumi/pulumi/runtime";
import { loadConfig } from "../../infra/config";
import { TrainingJob } from "../../infra/training-job";

/**
 * Serialising the providers takes longer than everything else in a declaration, and
 * `tests/run/serialised-provider.test.ts` covers it. The stack's own test also serialises them.
 */
if (!/[\\/]infra[\\/]stack\.test\.ts$/.test(expect.getState().testPath ?? "")) {
    jest.doMock("@pulumi/pulumi/runtime/closure/serializeClosure", () => ({
        serializeFunction: async () => ({ text: "exports.handler", containsSecrets: false }),
    }));
}

/** Folder with the tests' own small dataset and trainer. */
export const PROJECT_DIR = path.join(__dirname, "project");
const STACK_TRACE_LIMIT = Error.stackTraceLimit;

/** The stack's id, which marks its resources. */
export const OWNER = "0123456789abcdef";
export const IMAGE_DIGEST = `sha256:${"d".repeat(64)}`;
export const REGISTRY_URI = "us-central1-docker.pkg.dev/my-project/repository";

/** A resource as the engine would receive it. */
export interface Declared {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
    options: {
        parent: string | undefined;
        dependsOn: string[];
        ignoreChanges: string[] | undefined;
        deleteBeforeReplace: boolean | undefined;
        protect: boolean | undefined;
        deletedWith: string | undefined;
    };
}

export interface DeclaredStack {
    resources: Declared[];
    calls: MockCallArgs[];
    outputs: Record<string, unknown>;
}

/** Options of a declaration. */
export interface DeclareOptions {
    /** Creates a resource somewhere. If it returns undefined, the resource gets made-up outputs. */
    apply?: (args: MockResourceArgs) => Promise<MockResourceResult | undefined>;
    /** Google Cloud project id. Default: "my-project". */
    project?: string;
    /** Other keys of the gcp provider's config, such as `gcp:storageCustomEndpoint`. */
    gcp?: Readonly<Record<string, string>>;
}

/**
 * Runs a program under Pulumi's mocks and returns everything that it declares, including the options that mocks do not
 * expose. This proves what the program requests, not that Google Cloud grants it.
 * @param config the project's own keys as text, as the engine passes them
 */
export async function declareStack(
    program: () => Record<string, unknown> | Promise<Record<string, unknown>>,
    config: Record<string, string> = {},
    secretKeys: readonly string[] = [],
    { apply = async () => undefined, project = "my-project", gcp = {} }: DeclareOptions = {},
): Promise<DeclaredStack> {
    const registered: MockResourceArgs[] = [];
    const calls: MockCallArgs[] = [];
    const options = new Map<string, Declared["options"]>();
    const names = new Map<unknown, string>();

    await pulumi.runtime.setMocks(
        {
            newResource: async (args) => {
                registered.push(args);
                return (await apply(args)) ?? made(args);
            },
            call: (args) => {
                calls.push(args);
                return called(args);
            },
        },
        "gcp-trainer",
        "dev",
        false,
    );
    const values = Object.entries(config).map(([key, value]) => [`gcp-trainer:${key}`, value]);
    pulumi.runtime.setAllConfig(
        {
            "gcp:project": project,
            "gcp:region": "us-central1",
            "gcp:zone": "us-central1-a",
            // The check of the price and the machine cannot reach any API.
            "gcp:accessToken": "token",
            "gcp:computeCustomEndpoint": "http://127.0.0.1:1/compute/v1/",
            "gcp:cloudBillingCustomEndpoint": "http://127.0.0.1:1/v1/",
            ...gcp,
            ...Object.fromEntries(values),
        },
        secretKeys.map((key) => `gcp-trainer:${key}`),
    );

    const before = process.cwd();
    process.chdir(PROJECT_DIR);
    // Pulumi keeps a stack trace for each property of each resource, and Jest maps every line of it. That takes several
    // times as long as the rest.
    Error.stackTraceLimit = 0;
    try {
        const outputs = await pulumi.runtime.runInPulumiStack(async () => {
            pulumi.runtime.registerStackTransformation(({ type, name, opts, resource }) => {
                names.set(resource, name);
                const given: pulumi.CustomResourceOptions = opts;
                options.set(`${type} ${name}`, {
                    parent: names.get(given.parent),
                    dependsOn: [given.dependsOn ?? []].flat().map((dependency) => names.get(dependency) ?? "?"),
                    ignoreChanges: given.ignoreChanges,
                    deleteBeforeReplace: given.deleteBeforeReplace,
                    protect: given.protect,
                    deletedWith: names.get(given.deletedWith),
                });
                return undefined;
            });
            return program();
        });
        const settled = await resolve(outputs ?? {});
        const own = registered.filter(({ type }) => !type.startsWith("pulumi:"));
        const resources = own.map(async ({ type, name, inputs }) => {
            const found = options.get(`${type} ${name}`);
            if (!found) {
                throw new Error(`No options of ${type} ${name}`);
            }
            return { type, name, inputs: await awaited(inputs), options: found };
        });
        return { resources: await Promise.all(resources), calls, outputs: settled };
    } finally {
        Error.stackTraceLimit = STACK_TRACE_LIMIT;
        process.chdir(before);
    }
}

/** Declares a job from the config. Every resource is declared before the job's outputs resolve. */
export function declareJob(
    config: Record<string, string> = {},
    secretKeys: readonly string[] = [],
    options: DeclareOptions = {},
): Promise<DeclaredStack> {
    return declareStack(
        async () => {
            const { metrics, leftToBill, logsUrl, resultsDir } = new TrainingJob("trainer", await loadConfig());
            return { metrics, leftToBill, logsUrl, resultsDir };
        },
        config,
        secretKeys,
        options,
    );
}

/** The only resource with this type and name. */
export function resource({ resources }: DeclaredStack, type: string, name?: string): Declared {
    const found = resources.filter((each) => each.type === type && (name === undefined || each.name === name));
    const [first] = found;
    if (!first || found.length !== 1) {
        throw new Error(`Expected one ${type} ${name ?? ""}; got ${found.length}`);
    }
    return first;
}

/**
 * Outputs that Google Cloud or the docker provider adds. A type that is missing from this table is not part of the
 * stack.
 */
const computed: Record<string, (args: MockResourceArgs) => Record<string, unknown>> = {
    "gcp:projects/service:Service": () => ({}),
    "gcp:storage/bucket:Bucket": ({ inputs }) => ({ url: `gs://${inputs.name}` }),
    "gcp:storage/bucketObject:BucketObject": () => ({ crc32c: "aGVsbG8=", generation: 1700000000000001 }),
    "gcp:storage/bucketIAMMember:BucketIAMMember": () => ({}),
    "gcp:artifactregistry/repository:Repository": ({ inputs }) => ({
        name: inputs.repositoryId,
        registryUri: REGISTRY_URI,
    }),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": () => ({}),
    "docker:index/image:Image": () => ({ repoDigest: `${REGISTRY_URI}/trainer@${IMAGE_DIGEST}` }),
    "gcp:serviceaccount/account:Account": ({ inputs }) => {
        const email = `${inputs.accountId}@my-project.iam.gserviceaccount.com`;
        return { email, member: `serviceAccount:${email}` };
    },
    "gcp:projects/iAMMember:IAMMember": () => ({}),
    "gcp:secretmanager/secret:Secret": () => ({}),
    "gcp:secretmanager/secretVersion:SecretVersion": ({ inputs }) => ({
        name: `${String(inputs.secret).replace(/-id$/, "")}/versions/1`,
    }),
    "gcp:secretmanager/secretIamMember:SecretIamMember": () => ({}),
    "gcp:pubsub/topic:Topic": () => ({}),
    "gcp:pubsub/subscription:Subscription": () => ({}),
    "gcp:pubsub/topicIAMMember:TopicIAMMember": () => ({}),
    "gcp:compute/network:Network": () => ({}),
    "gcp:compute/subnetwork:Subnetwork": () => ({}),
    "gcp:compute/firewall:Firewall": () => ({}),
    "gcp:compute/instance:Instance": () => ({ instanceId: "42" }),
    "pulumi-nodejs:dynamic/gcp-trainer:ReadyApis": () => ({}),
    "pulumi-nodejs:dynamic/gcp-trainer:Cleanup": () => ({ owner: OWNER }),
    "pulumi-nodejs:dynamic/gcp-trainer:BatchJob": () => ({}),
    "pulumi-nodejs:dynamic/gcp-trainer:SavedResults": () => ({}),
    "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun": ({ inputs }) => ({
        metrics: { accuracy: 0.95 },
        modelUri: `gs://${inputs.bucket}/runs/${inputs.runId}/model/`,
        runResultsDir: `${inputs.resultsDir}/${inputs.stack}/${inputs.runId}`,
    }),
};

function made(args: MockResourceArgs): MockResourceResult {
    if (args.type.startsWith("gcp-trainer:") || args.type.startsWith("pulumi:")) {
        return { id: args.name, state: args.inputs };
    }
    const add = computed[args.type];
    if (!add) {
        throw new Error(`The stack declares a resource with an unknown type: ${args.type}, ${args.name}`);
    }
    return { id: `${args.name}-id`, state: { ...args.inputs, ...add(args) } };
}

/** A secret as the engine receives it. https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/runtime/rpc.ts */
export function secret(value: unknown): Record<string, unknown> {
    return { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value };
}

function called({ token, inputs }: MockCallArgs): Record<string, unknown> {
    switch (token) {
        case "gcp:organizations/getClientConfig:getClientConfig":
            return { accessToken: "token" };
        case "gcp:artifactregistry/getDockerImage:getDockerImage":
            return {
                selfLink: `${inputs.location}-docker.pkg.dev/${inputs.project}/${inputs.repositoryId}/train@${IMAGE_DIGEST}`,
            };
        case "gcp:storage/getBucketObject:getBucketObject":
            return inputs.name === "composite.csv"
                ? { ...inputs, md5hash: "", crc32c: "Y3JjMzI=", generation: 1700000000000002 }
                : { ...inputs, md5hash: "bWQ1", crc32c: "Y3JjMzI=", generation: 1700000000000002 };
        default:
            throw new Error(`The stack calls an unknown function ${token}`);
    }
}

/** Resolves asset paths, and shortens the text of dynamic providers because other tests cover it. */
async function awaited(inputs: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { __provider, ...rest } = inputs;
    const { source } = rest;
    if (source instanceof pulumi.asset.FileAsset) {
        rest.source = { file: await source.path };
    }
    if (source instanceof pulumi.asset.StringAsset) {
        rest.source = { text: await source.text };
    }
    return typeof __provider === "string" && __provider.includes("exports.handler")
        ? { ...rest, __provider: "source text" }
        : rest;
}

function resolve(outputs: Record<string, unknown>): Promise<Record<string, unknown>> {
    return new Promise((done) => {
        pulumi.output(outputs).apply((values) => done(values));
    });
}
