import type { MockResourceArgs } from "@pulumi/pulumi/runtime";

/** The way in which the rehearsal's VM runs the trainer. */
export type RuntimeName = "process" | "docker";

/** A resource's inputs or outputs: JSON values and assets. */
export type Properties = Record<string, unknown>;

/** Environment for a rehearsed resource. */
export interface RehearsalContext {
    /** Address of the emulator, without a trailing slash. */
    url: string;
    /** `host:port` of both the emulator and its registry. */
    host: string;
    /**
     * The folder that contains Pulumi.yaml. As with the real engine, relative paths in the program are resolved
     * relative to this folder.
     */
    projectDir: string;
    /** The trainer's folder, including its installed and built files, which are not in the image's build context. */
    trainerDir: string;
    runtime: RuntimeName;
    gcp: { project: string; region: string; zone: string; accessToken: string };
    /** The stack config without secrets, for the dynamic providers. */
    config: Record<string, string>;
    /** Prints a line for the user. */
    print(line: string): void;
    /** Aborted by Ctrl-C. */
    signal: AbortSignal;
}

/** A resource that exists in the emulator. */
export interface CreatedResource {
    id: string;
    /** The resource's outputs; inputs with other names are passed through. */
    outputs: Properties;
    /** Deletes the resource; absent if there is nothing to delete. */
    destroy?: (context: RehearsalContext) => Promise<void>;
    /** The text that is printed after the resource's name, e.g. an address. */
    detail?: string;
}

/** Creates one resource in the emulator through its HTTP API. */
export type CreateResource = (
    args: MockResourceArgs & { inputs: Properties },
    context: RehearsalContext,
) => Promise<CreatedResource>;

/** An error response from the emulator. */
export class GoogleApiError extends Error {
    readonly code: number;

    constructor(code: number, message: string) {
        super(message);
        this.code = code;
    }
}

/**
 * Calls a Google API in the emulator, as the developer. Ctrl-C does not abort a call, because the rehearsal can delete
 * only resources that it knows were created.
 *
 * @param path including its leading slash, e.g. `/storage/v1/b?project=p`
 * @returns the JSON body, or an empty object if the response has no body
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
 * Calls Compute Engine like {@link call} and waits for the returned operation.
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
        const location = scope ? String(scope).split("/").slice(-2).join("/") : "global";
        operation = await call(
            context,
            "GET",
            `/compute/v1/projects/${context.gcp.project}/${location}/operations/${operation.name}`,
        );
    }
    const failure = operation.error as { errors?: { code: string; message: string }[] } | undefined;
    if (failure) {
        throw new GoogleApiError(400, failure.errors?.map((each) => each.message).join("; ") ?? "the operation failed");
    }
}

/** Omits undefined properties from request bodies, because Google distinguishes an absent field from null. */
export function omitUndefined(properties: Properties): Properties {
    return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}

/**
 * Rejects inputs that the rehearsal would ignore silently.
 *
 * @throws Error that names the inputs
 */
export function rejectUnknownInputs(type: string, inputs: Properties, known: readonly string[]): void {
    const unknown = Object.keys(inputs).filter((key) => inputs[key] !== undefined && !known.includes(key));
    if (unknown.length > 0) {
        throw new Error(
            `the rehearsal does not support ${unknown.join(", ")} of ${type}; it supports ${known.join(", ")}`,
        );
    }
}
