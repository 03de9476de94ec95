import type { MockResourceArgs } from "@pulumi/pulumi/runtime";

/** What a VM of the rehearsal is made of. */
export type RuntimeName = "process" | "docker";

/** A resource input or output: what Pulumi sends is JSON and assets. */
export type Properties = Record<string, unknown>;

/** What a rehearsed resource needs of its surroundings. */
export interface RehearsalContext {
    /** Address of the emulator, without a slash at the end. */
    url: string;
    /** `host:port` of the emulator, which is also its registry's. */
    host: string;
    dataDir: string;
    /** The folder of Pulumi.yaml: relative paths in the program start here, as under the engine. */
    projectDir: string;
    /** The trainer's own folder, with what was installed and built in it; the image's build context is a copy without. */
    trainerDir: string;
    runtime: RuntimeName;
    gcp: { project: string; region: string; zone: string; accessToken: string };
    /** All of the stack's config, for the dynamic providers. */
    config: Record<string, string>;
    /** One line for the person who waits. */
    print(line: string): void;
    /** Aborted by Ctrl-C. */
    signal: AbortSignal;
}

/** A resource that exists in the emulator. */
export interface Applied {
    id: string;
    /** The resource's outputs; inputs that are not named here are passed through. */
    outputs: Properties;
    /** Takes it away again; absent when nothing remains to be taken away. */
    destroy?: (context: RehearsalContext) => Promise<void>;
    /** Said behind the name when it has been made, e.g. an address. */
    note?: string;
}

/** Makes one resource in the emulator, over its HTTP API. */
export type Apply = (args: MockResourceArgs & { inputs: Properties }, context: RehearsalContext) => Promise<Applied>;

/** An answer of the emulator that is not a success. */
export class GoogleApiError extends Error {
    readonly code: number;

    constructor(code: number, message: string) {
        super(message);
        this.code = code;
    }
}

/**
 * One call of a Google API at the emulator, as the developer. It is quick, and Ctrl-C lets it end: what it made has to be known to
 * be taken away.
 *
 * @param path from the slash on, e.g. `/storage/v1/b?project=p`
 * @returns the JSON body; an empty object when there is none
 * @throws GoogleApiError with Google's message
 */
export async function call(
    context: RehearsalContext,
    method: string,
    path: string,
    body?: unknown,
): Promise<Properties> {
    const response = await fetch(`${context.url}${path}`, {
        method,
        headers: {
            authorization: `Bearer ${context.gcp.accessToken}`,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = text.startsWith("{") ? (JSON.parse(text) as Properties) : {};
    if (!response.ok) {
        const error = json.error as { message?: string } | undefined;
        throw new GoogleApiError(
            response.status,
            `${method} ${path}: ${error?.message ?? (text || response.statusText)}`,
        );
    }
    return json;
}

/**
 * Like {@link call}, for Compute Engine: waits for the operation that it answers.
 *
 * @throws GoogleApiError when the operation ends with an error
 */
export async function callAndWait(
    context: RehearsalContext,
    method: string,
    path: string,
    body?: unknown,
): Promise<void> {
    let operation = await call(context, method, path, body);
    while (operation.status !== "DONE") {
        await new Promise((resolve) => setTimeout(resolve, 100));
        const scope = operation.zone ?? operation.region;
        const place = scope ? String(scope).split("/").slice(-2).join("/") : "global";
        operation = await call(
            context,
            "GET",
            `/compute/v1/projects/${context.gcp.project}/${place}/operations/${operation.name}`,
        );
    }
    const failure = operation.error as { errors?: { code: string; message: string }[] } | undefined;
    if (failure) {
        throw new GoogleApiError(400, failure.errors?.map((each) => each.message).join("; ") ?? "the operation failed");
    }
}

/** The properties that are set, for request bodies: Google takes an absent field and a null for two things. */
export function present(properties: Properties): Properties {
    return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}

/**
 * Refuses an input that the rehearsal would drop without a word.
 *
 * @throws Error that names the inputs
 */
export function knowsOnly(type: string, inputs: Properties, known: readonly string[]): void {
    const unknown = Object.keys(inputs).filter((key) => inputs[key] !== undefined && !known.includes(key));
    if (unknown.length > 0) {
        throw new Error(`the rehearsal does not know ${unknown.join(", ")} of ${type}; it knows ${known.join(", ")}`);
    }
}
