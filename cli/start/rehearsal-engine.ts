import type { MockCallArgs, MockResourceArgs, MockResourceResult, Mocks } from "@pulumi/pulumi/runtime";
import { trainingRunType } from "../../run/resource-types";
import { type Applied, call, type Properties, type RehearsalContext } from "./context";
import { resourceTypes } from "./resources";

/** Beginning of a dynamic resource's type token. */
const DYNAMIC = "pulumi-nodejs:dynamic/";

/** Pulumi marks a secret on the wire by this key. https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/runtime/rpc.ts */
const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

/**
 * The engine's part, played against the emulator: each resource that the program registers is made there, in order, and can be
 * taken away again in the reverse order.
 *
 * Nothing here throws into Pulumi's runtime, which would end the process: the first failure is kept in {@link failure}. From
 * then on, or from Ctrl-C on, no registration is answered: outputs that will never be known are not made up.
 */
export class RehearsalEngine implements Mocks {
    /** The first thing that went wrong. */
    failure: { resource: string; error: Error } | undefined;
    /** Settles when something has failed or Ctrl-C was pressed: the program's outputs will not come then. */
    readonly ended: Promise<void>;
    /** The run that a `TrainingRun` was asked to wait for. */
    run: { bucket: string; runId: string } | undefined;
    #announceEnd: () => void = () => undefined;
    #pending = new Set<Promise<unknown>>();
    readonly #applied: { type: string; name: string; destroy: Applied["destroy"] }[] = [];

    readonly #context: RehearsalContext;

    constructor(context: RehearsalContext) {
        this.#context = context;

        this.ended = new Promise((resolve) => {
            this.#announceEnd = resolve;
        });
        // An abort that came before is not announced again.
        if (context.signal.aborted) {
            this.#announceEnd();
        }
        context.signal.addEventListener("abort", () => this.#announceEnd(), { once: true });
    }

    /** How many resources exist. */
    get count(): number {
        return this.#applied.length;
    }

    /** Keeps the first failure. */
    fail(resource: string, error: Error): void {
        this.failure ??= { resource, error };
        this.#announceEnd();
    }

    /** Waits until nothing is being made any more. */
    async settled(): Promise<void> {
        while (this.#pending.size > 0) {
            await Promise.allSettled(this.#pending);
        }
    }

    async newResource(args: MockResourceArgs): Promise<MockResourceResult> {
        const inputs = withoutSecrets(args.inputs) as Properties;
        if (args.custom === false || args.type.startsWith("pulumi:")) {
            return { id: args.name, state: inputs };
        }
        if (this.failure || this.#context.signal.aborted) {
            return never();
        }
        const work = this.#make({ ...args, inputs });
        this.#pending.add(work);
        const made = await work;
        this.#pending.delete(work);
        return made ?? never();
    }

    /** @returns undefined if it could not be made */
    async #make(args: MockResourceArgs & { inputs: Properties }): Promise<MockResourceResult | undefined> {
        const { inputs } = args;
        if (args.type === trainingRunType) {
            this.run = { bucket: String(inputs.bucket), runId: String(inputs.runId) };
        }
        const apply = resourceTypes[args.type];
        try {
            if (!apply) {
                throw new Error(`the rehearsal has no resource type ${args.type}`);
            }
            const started = Date.now();
            const made = await apply(args, this.#context);
            if (this.#applied.length === 0) {
                this.#context.print("\npulumi up, rehearsed:");
            }
            this.#applied.push({ type: args.type, name: args.name, destroy: made.destroy });
            this.#context.print(line("+", args, made.note, Date.now() - started));
            return { id: made.id, state: { ...inputs, ...made.outputs } };
        } catch (error) {
            // A resource whose creation was cut off by Ctrl-C is not what failed.
            if (!this.#context.signal.aborted) {
                this.fail(args.name, error as Error);
            }
            return undefined;
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
                const found = await call(this.#context, "GET", `/storage/v1/b/${args.inputs.bucket}/o/${object}`).catch(
                    () => {
                        throw new Error(
                            `the emulator begins empty and has no ${uri}; rehearse with a file (npm start -- --config dataset=data/iris.csv)`,
                        );
                    },
                );
                return {
                    ...args.inputs,
                    md5hash: found.md5Hash,
                    crc32c: found.crc32c,
                    generation: Number(found.generation),
                };
            }
            default:
                throw new Error(`the rehearsal has no function ${args.token}`);
        }
    }

    /**
     * Takes everything away again, the last first. What fails does not keep the rest from going.
     *
     * @param context the surroundings, with a signal that is not aborted
     * @returns what could not be taken away
     */
    async destroy(context: RehearsalContext): Promise<Error[]> {
        const failures: Error[] = [];
        for (const { type, name, destroy } of this.#applied.reverse()) {
            if (!destroy) {
                continue;
            }
            try {
                const started = Date.now();
                await destroy(context);
                context.print(line("-", { type, name }, undefined, Date.now() - started));
            } catch (error) {
                failures.push(new Error(`${name}: ${(error as Error).message}`, { cause: error }));
            }
        }
        return failures;
    }
}

function never(): Promise<never> {
    return new Promise(() => undefined);
}

function line(
    sign: string,
    { type, name }: { type: string; name: string },
    note: string | undefined,
    ms: number,
): string {
    // gcp:storage/bucket:Bucket -> gcp:storage:Bucket, as Pulumi shows it.
    const shown = type.startsWith(DYNAMIC) ? type.slice(DYNAMIC.length) : type.replace(/\/[^:]+/, "");
    return `  ${sign} ${shown.padEnd(42)} ${name}${note ? `  ${note}` : ""}${ms >= 3000 ? `  ${(ms / 1000).toFixed(1)} s` : ""}`;
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
