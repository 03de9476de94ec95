import { isDeepStrictEqual } from "node:util";
import { checkBody, withoutNulls } from "../http/body";
import { ApiError, unimplemented } from "../http/errors";
import { hasLocalSsd, newScheduling } from "./instance-checks";
import { setSchedulingBody } from "./instance-schema";
import type { Instance, Scheduling } from "./instance-types";
import { pathOf, requireFingerprint } from "./links";

/** Output-only fields, which clients send back exactly as they read them, possibly with stale values. */
const OUTPUT_ONLY = new Set([
    "kind",
    "id",
    "selfLink",
    "creationTimestamp",
    "status",
    "cpuPlatform",
    "fingerprint",
    "lastStartTimestamp",
    "lastStopTimestamp",
    "resourceStatus",
    "startRestricted",
]);

/**
 * Returns the fields that `instances.update` changes. The request body is the whole instance, but only the description
 * can change, because the provider changes every other emulated field with a separate method.
 *
 * @throws ApiError 412 for a stale fingerprint, 501 naming every other field that would change
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/update
 */
export function replacedFields(instance: Instance, body: object): Partial<Instance> {
    const requested = withoutNulls(body, "drop") as Record<string, unknown>;
    const now = instance as unknown as Record<string, unknown>;
    requireFingerprint(requested.fingerprint, instance.fingerprint, "instance");
    const changed = [...new Set([...Object.keys(now), ...Object.keys(requested)])]
        .filter((name) => !OUTPUT_ONLY.has(name) && name !== "description")
        .filter((name) => !isDeepStrictEqual(now[name], requested[name]));
    if (changed.length > 0) {
        throw unimplemented(`changing ${changed.map((name) => `"${name}"`).join(", ")} with instances.update`);
    }
    const { description = "" } = requested;
    return { description: String(description) };
}

/**
 * Returns an instance's scheduling after `setScheduling`. Omitted fields keep their values; `null`, or "" from the
 * provider, removes a field.
 *
 * @param where method and path, for the error message
 * @throws ApiError 400 for combinations that Compute Engine rejects, or for a new time limit while the instance is
 * running
 */
export function changedScheduling(instance: Instance, body: object, where: string): Scheduling {
    const members = Object.entries(body);
    const cleared = new Set(members.flatMap(([name, value]) => (value === null || value === "" ? [name] : [])));
    const remaining = Object.entries(instance.scheduling).filter(([name]) => !cleared.has(name));
    const requested = { ...Object.fromEntries(remaining), ...checkBody(body, setSchedulingBody, where) };
    const scheduling = newScheduling(requested, {
        hasGpu: instance.guestAccelerators !== undefined,
        localSsd: hasLocalSsd(instance.machineType),
    });
    const isOn = instance.status !== "TERMINATED";
    if (isOn && !isDeepStrictEqual(scheduling.maxRunDuration, instance.scheduling.maxRunDuration)) {
        throw new ApiError(
            400,
            "resourceNotReady",
            `The instance '${pathOf(instance)}' is ${instance.status}; its maxRunDuration can change only while it is TERMINATED.`,
        );
    }
    return scheduling;
}
