import type { Storage } from "@google-cloud/storage";
import type { GoogleAuth } from "google-auth-library";
import type { Clock, VmClient } from "./clients";
import type { CloudSettings } from "./credentials";
import { httpStatusOf, incompleteAnswer, isApiError, messageOf } from "./errors";

/** Creates the Cloud Storage client. */
export function openStorage(settings: CloudSettings, auth: GoogleAuth): Storage {
    const { Storage } = require("@google-cloud/storage") as typeof import("@google-cloud/storage");
    const storage = new Storage({
        apiEndpoint: settings.storageOrigin,
        // Without this, the client does not send credentials to an endpoint that is not Google's.
        useAuthWithCustomEndpoint: true,
        authClient: auth,
        universeDomain: settings.universeDomain,
    });
    // STORAGE_EMULATOR_HOST would take precedence over the client's option, but the gcp provider does not read that
    // variable.
    storage.baseUrl = `${settings.storageOrigin}/storage/v1`;
    return storage;
}

/**
 * Opens a run's VM through the Compute API's REST methods.
 * https://cloud.google.com/compute/docs/reference/rest/v1/instances
 */
export function openVm(
    location: { project: string; zone: string; instance: string },
    settings: CloudSettings,
    auth: GoogleAuth,
    clock: Clock,
): VmClient {
    const zoneUrl = `${settings.computeUrl}projects/${location.project}/zones/${location.zone}`;
    const url = `${zoneUrl}/instances/${location.instance}`;
    const request = async <T extends object>(method: "GET" | "POST", target: string, kind: string): Promise<T> => {
        const { data } = await auth.request<T>({ method, url: target, timeout: 60_000, retry: method === "GET" });
        return expectKind(data, kind, target);
    };
    const status = () =>
        unless(404, async () => {
            const { status } = await request<{ status?: unknown }>("GET", url, "compute#instance");
            if (typeof status !== "string") {
                throw incompleteAnswer(`Compute Engine described the VM ${location.instance} without its status`);
            }
            return status;
        });
    const operate = async (verb: "start" | "resume" | "stop?discardLocalSsd=true") => {
        interface Operation {
            name: string;
            status: string;
            error?: { errors?: { code?: string; message?: string }[] };
        }
        let operation = await request<Operation>("POST", `${url}/${verb}`, "compute#operation");
        // Compute Engine finishes operations well within this time.
        const deadline = clock.now() + 15 * 60_000;
        while (operation.status !== "DONE") {
            if (clock.now() > deadline) {
                throw new Error(`operation ${operation.name} (${verb.split("?")[0]}) has not ended within 15 minutes`);
            }
            await clock.sleep(1000);
            const target = `${zoneUrl}/operations/${operation.name}`;
            operation = await request<Operation>("GET", target, "compute#operation");
        }
        const problems = operation.error?.errors ?? [];
        if (problems.length > 0) {
            throw new Error(problems.map(({ code, message }) => `${code}: ${message}`).join("; "));
        }
    };

    return {
        status,
        // A suspended VM, whose memory is kept, cannot be started.
        start: async () => operate((await status()) === "SUSPENDED" ? "resume" : "start"),
        // Otherwise, Compute Engine does not stop a VM with Local SSDs. No data from a run is kept on them.
        stop: () => operate("stop?discardLocalSsd=true"),
        serialOutput: async () => {
            const target = `${url}/serialPort?port=1`;
            const { contents } = await request<{ contents?: string }>("GET", target, "compute#serialPortOutput");
            return contents ?? "";
        },
    };
}

/**
 * Returns the body of a response if it is of the expected kind.
 * @param what describes the request.
 * @throws a transient error if it is not, because a captive portal's page or a truncated response must not count as an
 * empty response.
 */
export function expectKind<T>(body: T, kind: string, what: string): T {
    const found: unknown = typeof body === "object" && body !== null ? Reflect.get(body, "kind") : undefined;
    if (found !== kind) {
        const got = (typeof body === "string" ? body : (JSON.stringify(body) ?? "nothing")).slice(0, 100);
        throw incompleteAnswer(`${what} must return ${kind}; got ${got}`);
    }
    return body;
}

/** Calls `action`, and returns undefined if Google Cloud itself responds with this status. */
export async function unless<T>(status: number, action: () => Promise<T>): Promise<T | undefined> {
    try {
        return await fromApi(status, action);
    } catch (error) {
        if (httpStatusOf(error) === status) {
            return undefined;
        }
        throw error;
    }
}

/** Calls `action`; an error with this status that did not come from Google Cloud becomes a transient one. */
export async function fromApi<T>(status: number, action: () => Promise<T>): Promise<T> {
    try {
        return await action();
    } catch (error) {
        if (httpStatusOf(error) === status && !isApiError(error)) {
            throw incompleteAnswer(`Status ${status} did not come from Google Cloud: ${messageOf(error)}`);
        }
        throw error;
    }
}
