import type { MockCallArgs, MockResourceArgs, MockResourceResult, Mocks } from "@pulumi/pulumi/runtime";
import { savedResultsType, trainingRunType } from "../../run/resource-types";
import { runProcess } from "../shared/run-process";
import { commandLine } from "../shared/tool";
import { type CreatedResource, find, type Properties, type RehearsalContext } from "./rehearsal-context";
import { type ResourceView, showEach } from "./resource-view";
import { resourceTypes } from "./resources";

/** Pulumi marks a secret in RPC messages with this key. https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/runtime/rpc.ts */
const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

/** A resource in the rehearsal's state. */
interface ExistingResource {
    type: string;
    name: string;
    /** JSON. */
    inputs: string;
    result: MockResourceResult;
    destroy: CreatedResource["destroy"];
}

/**
 * Stands in for Pulumi's engine: creates each resource in the emulator when the program registers it, and destroys all
 * of them in reverse order at the end.
 *
 * None of its methods throws into Pulumi's runtime, because that would end the process; instead, {@link failure} keeps
 * the first failure. After a failure or Ctrl-C, registrations stay pending, so that no output gets a made-up value.
 */
export class RehearsalEngine implements Mocks {
    /** The first failure. */
    failure: { resource: string; error: Error } | undefined;
    /** Settles after a failure or Ctrl-C, in which case the program's outputs will never resolve. */
    ended: Promise<void> = never();
    /** The run that belongs to the stack's `TrainingRun`. */
    run: { bucket: string; runId: string } | undefined;
    #announceEnd: () => void = () => undefined;
    #pending = new Set<Promise<unknown>>();
    #created: ExistingResource[] = [];

    readonly #context: RehearsalContext;
    readonly #view: ResourceView;

    constructor(context: RehearsalContext, view: ResourceView = showEach(context.print)) {
        this.#context = context;
        this.#view = view;
        this.begin();
        context.signal.addEventListener("abort", () => this.#announceEnd(), { once: true });
    }

    /** Begins another update after a failure. Existing resources whose inputs have not changed are kept. */
    begin(): void {
        this.failure = undefined;
        this.ended = new Promise((resolve) => {
            this.#announceEnd = resolve;
        });
        // A signal that has already been aborted fires no further event.
        if (this.#context.signal.aborted) {
            this.#announceEnd();
        }
    }

    /** Number of resources created. */
    get count(): number {
        return this.#created.length;
    }

    /** Records a failure; only the first is kept. */
    fail(resource: string, error: Error): void {
        this.failure ??= { resource, error };
        this.#announceEnd();
    }

    /** Waits until no resource is being created. */
    async settled(): Promise<void> {
        while (this.#pending.size > 0) {
            await Promise.allSettled(this.#pending);
        }
        this.#view.flush();
    }

    async newResource(args: MockResourceArgs): Promise<MockResourceResult> {
        const inputs = withoutSecrets(args.inputs) as Properties;
        if (args.custom === false || args.type.startsWith("pulumi:")) {
            return { id: args.name, state: inputs };
        }
        if (this.failure || this.#context.signal.aborted) {
            return never();
        }
        const work = this.#create({ ...args, inputs });
        this.#pending.add(work);
        const created = await work;
        this.#pending.delete(work);
        // After a failure, the program must not continue, because another update may begin.
        return created === undefined || this.failure ? never() : created;
    }

    /** @returns undefined on failure */
    async #create(args: MockResourceArgs & { inputs: Properties }): Promise<MockResourceResult | undefined> {
        const { inputs } = args;
        if (args.type === trainingRunType) {
            this.run = { bucket: String(inputs.bucket), runId: String(inputs.runId) };
        }
        const before = this.#created.find(({ type, name }) => type === args.type && name === args.name);
        if (before?.inputs === JSON.stringify(inputs)) {
            return before.result;
        }
        const create = resourceTypes[args.type];
        if (args.type === trainingRunType) {
            // The run comes last and prints its own lines, so show the other parts of the stack first.
            this.#view.flush();
        }
        const done = this.#context.begin?.(args.name);
        try {
            if (!create) {
                throw new Error(`the rehearsal does not support the resource type ${args.type}`);
            }
            const started = Date.now();
            if (before !== undefined) {
                await before.destroy?.(this.#context);
                this.#created = this.#created.filter((each) => each !== before);
                this.#view.show("-", { type: args.type, name: args.name, ms: Date.now() - started });
                this.#view.flush();
            }
            const created = await create(args, this.#context);
            if (this.#created.length === 0) {
                this.#context.print("\npulumi up, rehearsed:");
            }
            const result = { id: created.id, state: { ...inputs, ...created.outputs } };
            const { destroy } = created;
            this.#created.push({ type: args.type, name: args.name, destroy, inputs: JSON.stringify(inputs), result });
            const ms = Date.now() - started;
            this.#view.show("+", { type: args.type, name: args.name, detail: created.detail, ms });
            return result;
        } catch (error) {
            // A resource whose creation was interrupted by Ctrl-C is not a failure.
            if (!this.#context.signal.aborted) {
                this.fail(args.name, error as Error);
            }
            return undefined;
        } finally {
            done?.();
        }
    }

    async call(args: MockCallArgs): Promise<Properties> {
        try {
            return await this.#answer(args);
        } catch (error) {
            this.fail(args.token, error as Error);
            return never();
        }
    }

    async #answer(args: MockCallArgs): Promise<Properties> {
        switch (args.token) {
            case "gcp:organizations/getClientConfig:getClientConfig":
                return { ...this.#context.gcp, id: this.#context.gcp.project };
            case "gcp:storage/getBucketObject:getBucketObject": {
                const object = encodeURIComponent(String(args.inputs.name));
                const uri = `gs://${args.inputs.bucket}/${args.inputs.name}`;
                const found = await find(this.#context, `/storage/v1/b/${args.inputs.bucket}/o/${object}`);
                if (found === undefined) {
                    throw new Error(
                        `the emulator starts empty and has no ${uri}; give a file that stands in for it (${commandLine("start", "--dataset-from FILE")})`,
                    );
                }
                return {
                    ...args.inputs,
                    md5hash: found.md5Hash,
                    crc32c: found.crc32c,
                    generation: Number(found.generation),
                };
            }
            case "gcp:artifactregistry/getDockerImage:getDockerImage":
                return { ...args.inputs, selfLink: await pulledReference(args.inputs) };
            default:
                throw new Error(`the rehearsal does not support the function ${args.token}`);
        }
    }

    /**
     * Destroys every resource in reverse order. A failure does not stop the rest, unless results could not be saved.
     *
     * @param context a context whose signal is not aborted
     * @returns the failures
     */
    async destroy(context: RehearsalContext): Promise<Error[]> {
        const failures: Error[] = [];
        for (const { type, name, destroy } of this.#created.reverse()) {
            if (!destroy) {
                continue;
            }
            const done = context.begin?.(name);
            try {
                const started = Date.now();
                await destroy(context);
                this.#view.show("-", { type, name, ms: Date.now() - started });
            } catch (error) {
                failures.push(new Error(`${name}: ${(error as Error).message}`, { cause: error }));
                if (type === savedResultsType) {
                    // As with the engine, the bucket and everything else that must outlive it are kept.
                    break;
                }
            } finally {
                done?.();
            }
        }
        this.#view.flush();
        return failures;
    }
}

/** Returns the digest reference of an image that has been pulled by its tag. */
async function pulledReference({ location, project, repositoryId, imageName }: Properties): Promise<string> {
    const tagged = `${location}-docker.pkg.dev/${project}/${repositoryId}/${imageName}`;
    const format = "{{range .RepoDigests}}{{println .}}{{end}}";
    const { stdout } = await runProcess("docker", ["image", "inspect", "--format", format, tagged]);
    const name = tagged.replace(/:[^:/]+$/, "");
    const reference = stdout.split("\n").find((line) => line.startsWith(`${name}@`));
    if (reference === undefined) {
        throw new Error(
            `${tagged} must be in its registry; this machine's Docker engine has no digest for it (docker push ${tagged})`,
        );
    }
    return reference;
}

function never(): Promise<never> {
    return new Promise(() => undefined);
}

function withoutSecrets(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(withoutSecrets);
    }
    if (typeof value !== "object" || value === null) {
        return value;
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) {
        return value;
    }
    const properties = value as Properties;
    if (SECRET_SIGNATURE in properties && "value" in properties) {
        return withoutSecrets(properties.value);
    }
    return Object.fromEntries(Object.entries(properties).map(([key, each]) => [key, withoutSecrets(each)]));
}
