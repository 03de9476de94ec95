import type { GoogleAuth } from "google-auth-library";
import { type Clock, systemClock } from "./clients";
import { type CloudSettings, createAuth, readCloudSettings } from "./credentials";
import { httpStatusOf, incompleteAnswer } from "./errors";
import { withTries } from "./tries";

/** Base URLs of Google's APIs, each with a trailing slash. */
export interface Endpoints {
    compute: string;
    storage: string;
    artifactRegistry: string;
    iam: string;
    resourceManager: string;
    secretManager: string;
    pubsub: string;
    billing: string;
    batch: string;
}

/** A JSON object from an API. */
export type Body = Record<string, unknown>;

/**
 * Sends one request to a Google API, and retries it after transient errors.
 * @returns the body, or undefined if the API responds that the resource does not exist (404)
 */
export type Call = (method: "GET" | "POST" | "PUT" | "DELETE", url: string, body?: object) => Promise<Body | undefined>;

/** Google's APIs, with the credentials and endpoints of the gcp provider. */
export interface GoogleApis {
    call: Call;
    endpoints: Endpoints;
    clock: Clock;
}

/**
 * Reads the endpoints that the gcp provider would use, and the endpoint for Batch.
 * @param config returns the value of a key such as `gcp:iamBetaCustomEndpoint`.
 */
export function readEndpoints(
    config: (key: string) => string | undefined,
    env: Record<string, string | undefined>,
    settings: CloudSettings,
): Endpoints {
    const versioned = (host: string, key: string, variable: string) => {
        const custom = config(`gcp:${key}CustomEndpoint`) || env[`GOOGLE_${variable}_CUSTOM_ENDPOINT`];
        const base = custom || `https://${host}.${settings.universeDomain}/v1/`;
        // The provider replaces the version of these endpoints as well.
        return base.replace(/\/*(v\d+(beta\d*)?\/*)?$/, "/v1/");
    };
    return {
        compute: settings.computeUrl,
        storage: `${settings.storageOrigin}/storage/v1/`,
        artifactRegistry: versioned("artifactregistry", "artifactRegistry", "ARTIFACT_REGISTRY"),
        iam: versioned("iam", "iamBeta", "IAM_BETA"),
        resourceManager: versioned("cloudresourcemanager", "resourceManager", "RESOURCE_MANAGER"),
        secretManager: versioned("secretmanager", "secretManager", "SECRET_MANAGER"),
        pubsub: versioned("pubsub", "pubsub", "PUBSUB"),
        billing: versioned("cloudbilling", "cloudBilling", "CLOUD_BILLING"),
        // The gcp provider has no resource for Batch, and therefore no key for its endpoint.
        batch: (
            config("batch:customEndpoint") ||
            env.GOOGLE_BATCH_CUSTOM_ENDPOINT ||
            `https://batch.${settings.universeDomain}/v1/`
        ).replace(/\/*$/, "/"),
    };
}

/** The config that a dynamic provider reads before its first operation. */
export interface ApiSession {
    settings: CloudSettings | undefined;
    endpoints: Endpoints | undefined;
}

/**
 * Reads the gcp provider's credentials and endpoints into the session.
 * @param config returns the value of a key such as `gcp:accessToken`.
 */
export function configureApis(session: ApiSession, config: (key: string) => string | undefined): void {
    session.settings = readCloudSettings(config, process.env);
    session.endpoints = readEndpoints(config, process.env, session.settings);
}

/**
 * Opens Google's APIs. If Pulumi did not configure the provider, only the environment counts.
 * @throws if `gcp:credentials` is neither JSON nor a readable file.
 */
export async function openApis(session: ApiSession): Promise<GoogleApis> {
    const settings = session.settings ?? readCloudSettings(() => undefined, process.env);
    const endpoints = session.endpoints ?? readEndpoints(() => undefined, process.env, settings);
    const clock = systemClock();
    return { call: openCall(await createAuth(settings), clock), endpoints, clock };
}

/** Creates the function that sends requests. */
export function openCall(auth: GoogleAuth, clock: Clock): Call {
    return (method, url, body) => {
        const send = async () => {
            try {
                const { data, status } = await auth.request<unknown>({
                    method,
                    url,
                    ...(body === undefined ? {} : { data: body }),
                    timeout: 60_000,
                    retry: false,
                });
                return status === 204 ? {} : requireObject(data, `${method} ${url}`);
            } catch (error) {
                if (codeOf(error) === 404) {
                    return undefined;
                }
                if (httpStatusOf(error) !== undefined && typeof dataOf(error) !== "object") {
                    throw incompleteAnswer(
                        `${method} ${url} must return JSON; got status ${httpStatusOf(error)} without it`,
                    );
                }
                // Google's client takes the text from a list of errors, even if that list is empty.
                if (error instanceof Error && error.message === "") {
                    error.message = apiErrorOf(error).message ?? `${method} ${url} failed without giving a reason`;
                }
                throw error;
            }
        };
        return withTries(clock, send);
    };
}

/**
 * Returns the body of a response. Google's client returns text for a body that is not JSON, such as a truncated one.
 * @throws an error that a retry may fix if the body is not a JSON object
 */
export function requireObject(data: unknown, request: string): Body {
    if (typeof data !== "object" || data === null) {
        throw incompleteAnswer(`${request} must return a JSON object`);
    }
    return data as Body;
}

/** The body of the response in an error: an object if it was JSON. */
function dataOf(error: unknown): unknown {
    const response: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "response") : undefined;
    return typeof response === "object" && response !== null ? Reflect.get(response, "data") : undefined;
}

/** The error in the body of an API's response, or an empty object if the response did not come from an API. */
export function apiErrorOf(error: unknown): { code?: number; message?: string; reasons: string } {
    const data = dataOf(error);
    const found: unknown = typeof data === "object" && data !== null ? Reflect.get(data, "error") : undefined;
    if (typeof found !== "object" || found === null) {
        return { reasons: "" };
    }
    const { code, message, status, errors, details } = found as Record<string, unknown>;
    return {
        ...(typeof code === "number" ? { code } : {}),
        ...(typeof message === "string" ? { message } : {}),
        reasons: JSON.stringify([status, errors, details]),
    };
}

/** True for the error of an API that the project has not enabled. */
export function isDisabledApi(error: unknown): boolean {
    const { code, message = "", reasons } = apiErrorOf(error);
    return (
        code === 403 &&
        (/accessNotConfigured|SERVICE_DISABLED/.test(reasons) || /has not been used in project/.test(message))
    );
}

function codeOf(error: unknown): number | undefined {
    return apiErrorOf(error).code;
}
