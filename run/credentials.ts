import type { GoogleAuth } from "google-auth-library";
import { detectBrokenResponses } from "./broken-responses";

/** Endpoints and credentials for Google Cloud, the same ones that the gcp provider would use. */
export interface CloudSettings {
    accessToken?: string;
    /** JSON text, or the path to a file that contains it. */
    credentials?: string;
    impersonateServiceAccount?: string;
    impersonateServiceAccountDelegates: string[];
    /** Origin of the Storage JSON API without `/storage/v1`, e.g. `https://storage.googleapis.com`. */
    storageOrigin: string;
    /** Base URL of the Compute API with a trailing slash, e.g. `https://compute.googleapis.com/compute/v1/`. */
    computeUrl: string;
    universeDomain: string;
}

/**
 * Reads the gcp provider's settings with the same precedence as the provider: the stack config, then the environment
 * variables that the provider reads. Variables for credentials count only if the config has neither a token nor
 * credentials. If there are none, `createAuth` uses Application Default Credentials.
 * https://github.com/hashicorp/terraform-provider-google-beta/blob/main/google-beta/provider/provider.go
 * @param config returns the value of a key such as `gcp:accessToken`.
 */
export function readCloudSettings(
    config: (key: string) => string | undefined,
    env: Record<string, string | undefined>,
): CloudSettings {
    const fromEnv = (...names: string[]) => names.map((name) => env[name]).find((value) => value);
    const setting = (key: string, ...names: string[]) => config(`gcp:${key}`) || fromEnv(...names);

    let accessToken = config("gcp:accessToken") || undefined;
    let credentials = config("gcp:credentials") || undefined;
    if (!accessToken && !credentials) {
        accessToken = fromEnv("GOOGLE_OAUTH_ACCESS_TOKEN");
        credentials = fromEnv("GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON");
    }
    const impersonate = setting("impersonateServiceAccount", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT");
    const universeDomain = setting("universeDomain", "GOOGLE_CLOUD_UNIVERSE_DOMAIN") ?? "googleapis.com";
    const storage = setting("storageCustomEndpoint", "GOOGLE_STORAGE_CUSTOM_ENDPOINT");
    const compute = setting("computeCustomEndpoint", "GOOGLE_COMPUTE_CUSTOM_ENDPOINT");
    return {
        ...(accessToken ? { accessToken } : {}),
        ...(credentials ? { credentials } : {}),
        ...(impersonate ? { impersonateServiceAccount: impersonate } : {}),
        impersonateServiceAccountDelegates: parseList(config("gcp:impersonateServiceAccountDelegates")),
        storageOrigin: (storage ?? `https://storage.${universeDomain}`).replace(/(\/storage\/v\d+)?\/*$/, ""),
        computeUrl: (compute ?? `https://compute.${universeDomain}/compute/v1/`).replace(/\/*$/, "/"),
        universeDomain,
    };
}

/**
 * Creates the auth client that all requests share.
 * @throws if `gcp:credentials` is neither JSON nor a readable file.
 */
export async function createAuth(settings: CloudSettings): Promise<GoogleAuth> {
    const { GoogleAuth, Impersonated, OAuth2Client } =
        require("google-auth-library") as typeof import("google-auth-library");
    detectBrokenResponses();
    const scopes = ["https://www.googleapis.com/auth/cloud-platform"];
    const { universeDomain } = settings;
    let auth: GoogleAuth;
    if (settings.accessToken) {
        const authClient = new OAuth2Client();
        authClient.setCredentials({ access_token: settings.accessToken });
        auth = new GoogleAuth({ authClient, scopes, universeDomain }) as GoogleAuth;
    } else if (settings.credentials) {
        auth = new GoogleAuth({ credentials: parseCredentials(settings.credentials), scopes, universeDomain });
    } else {
        auth = new GoogleAuth({ scopes, universeDomain });
    }
    if (!settings.impersonateServiceAccount) {
        return auth;
    }
    const impersonated = new Impersonated({
        sourceClient: await auth.getClient(),
        targetPrincipal: settings.impersonateServiceAccount,
        delegates: settings.impersonateServiceAccountDelegates,
        targetScopes: scopes,
        lifetime: 3600,
    });
    return new GoogleAuth({ authClient: impersonated, universeDomain }) as GoogleAuth;
}

function parseCredentials(value: string): Record<string, string> {
    const { readFileSync } = require("node:fs") as typeof import("node:fs");
    const isJson = value.trimStart().startsWith("{");
    try {
        return JSON.parse(isJson ? value : readFileSync(value, "utf8")) as Record<string, string>;
    } catch (cause) {
        // The value may be a private key, so it must not be shown.
        const what = isJson ? "is not valid JSON" : "names a file that cannot be read as JSON";
        throw new Error(`gcp:credentials ${what}; give the JSON text from a credentials file or the file's path`, {
            cause: isJson ? undefined : cause,
        });
    }
}

function parseList(text: string | undefined): string[] {
    if (!text) {
        return [];
    }
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map(String) : [];
}
