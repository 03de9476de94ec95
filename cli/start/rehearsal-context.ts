import { randomUUID } from "node:crypto";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime";
import { GoogleApiError, type Properties, sendPatiently } from "./patient-request";

/** The way in which the rehearsal's VM runs the trainer. */
export type RuntimeName = "process" | "docker";

export type { Properties };

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
    /** The program that the process runtime runs instead of the start script in the trainer's folder. */
    program?: { folder: string; command: string } | undefined;
    runtime: RuntimeName;
    gcp: { project: string; region: string; zone: string; accessToken: string };
    /** The stack config without secrets, for the dynamic providers. */
    config: Record<string, string>;
    /** Prints a line for the user. */
    print(line: string): void;
    /**
     * Shows on a terminal that something is in progress.
     *
     * @returns a function that ends it or, if given text, changes what is shown
     */
    begin?(title: string): (progress?: string) => void;
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

/**
 * Calls a Google API in the emulator, as the developer, and retries the request after a transient failure. Ctrl-C does
 * not abort a call, because the rehearsal can delete only resources that it knows were created.
 *
 * @param path including its leading slash, e.g. `/storage/v1/b?project=p`
 * @param findEffect see {@link PatientRequest}
 * @returns the JSON body, or an empty object if the response has no body
 * @throws GoogleApiError with Google's message
 */
export async function call(
    context: RehearsalContext,
    method: string,
    path: string,
    body?: unknown,
    findEffect?: () => Promise<Properties | undefined>,
): Promise<Properties> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return await sendPatiently({
        url: `${context.url}${path}`,
        method,
        headers: {
            authorization: `Bearer ${context.gcp.accessToken}`,
            ...(text === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(text === undefined ? {} : { body: () => text }),
        title: `${method} ${path}`,
        findEffect,
    });
}

/**
 * Creates a resource like {@link call}. If the response is lost, the resource is fetched.
 *
 * @param created path of the created resource
 */
export async function create(
    context: RehearsalContext,
    path: string,
    body: unknown,
    created: string,
): Promise<Properties> {
    return await call(context, "POST", path, body, () => find(context, created));
}

/** Fetches a resource. @returns undefined if it does not exist */
export async function find(context: RehearsalContext, path: string): Promise<Properties | undefined> {
    try {
        return await call(context, "GET", path);
    } catch (error) {
        if (error instanceof GoogleApiError && error.code === 404) {
            return undefined;
        }
        throw error;
    }
}

/**
 * Reads a policy, changes its bindings and writes it back. Starts again if the policy has changed in the meantime.
 * After a lost response, the bindings may already be correct.
 */
export async function changePolicy(
    read: () => Promise<Properties>,
    write: (policy: Properties) => Promise<unknown>,
    change: (policy: Properties) => Properties,
): Promise<void> {
    for (let attempt = 1; ; attempt++) {
        const policy = await read();
        const before = JSON.stringify(policy.bindings ?? []);
        const changed = change(policy);
        if (JSON.stringify(changed.bindings) === before) {
            return;
        }
        try {
            await write(changed);
            return;
        } catch (error) {
            const isConflict = error instanceof GoogleApiError && (error.code === 409 || error.code === 412);
            if (!isConflict || attempt >= 5) {
                throw error;
            }
        }
    }
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
    // Google performs only one of several requests with the same id.
    let operation = await call(context, method, `${path}?requestId=${randomUUID()}`, body);
    if (method === "DELETE" && operation.name === undefined) {
        // There was nothing to delete.
        return;
    }
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
