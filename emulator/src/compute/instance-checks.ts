import { invalid } from "../http/errors";
import type { InstanceBody, SchedulingBody } from "./instance-schema";
import type { Scheduling, ShieldedConfig } from "./instance-types";
import { lastSegment, referencePath } from "./links";

/** The zone of an instance. */
export interface ZoneRef {
    readonly project: string;
    readonly zone: string;
}

const SCOPE = /^https:\/\/www\.googleapis\.com\/auth\/[a-z0-9._-]+(\/[a-z0-9._-]+)?$/;
const MAX_METADATA_BYTES = 512 * 1024;
const MAX_RUN_SECONDS = 120 * 24 * 3600;

/** @throws ApiError 400 unless the reference, in any link format, is `zones/Z/machineTypes/T` in the instance's zone */
export function machineTypePath(reference: string, { project, zone }: ZoneRef): string {
    const path = referencePath(reference, project, "resource.machineType");
    const type = lastSegment(path);
    if (
        path !== `projects/${project}/zones/${zone}/machineTypes/${type}` ||
        !/^[a-z][a-z0-9]*-[a-z0-9-]+$/.test(type)
    ) {
        throw invalid(
            `Invalid value for field 'resource.machineType': '${reference}'. The referenced machineType resource must be of the form zones/${zone}/machineTypes/TYPE.`,
            "resource.machineType",
        );
    }
    return path;
}

/**
 * Tests whether a machine type (or a link to one) comes with Local SSDs:
 * https://cloud.google.com/compute/docs/disks/local-ssd#lssd_disks_fixed
 */
export function hasLocalSsd(machineType: string): boolean {
    return /^(a2-ultragpu|a3-\w+|a4x?-\w+)-|-lssd(-metal)?$/.test(lastSegment(machineType));
}

/** @throws ApiError 400 for combinations that Compute Engine rejects */
export function newScheduling(
    body: SchedulingBody,
    { hasGpu, localSsd }: { readonly hasGpu: boolean; readonly localSsd: boolean },
): Scheduling {
    const spot = body.provisioningModel === "SPOT" || body.preemptible === true;
    const scheduling: Scheduling = {
        automaticRestart: body.automaticRestart ?? !spot,
        preemptible: body.preemptible ?? spot,
        onHostMaintenance: body.onHostMaintenance ?? (spot || hasGpu ? "TERMINATE" : "MIGRATE"),
        provisioningModel: spot ? "SPOT" : "STANDARD",
        ...(body.instanceTerminationAction === undefined
            ? {}
            : { instanceTerminationAction: body.instanceTerminationAction }),
        ...(body.maxRunDuration === undefined ? {} : { maxRunDuration: { seconds: body.maxRunDuration.seconds } }),
        ...(body.onInstanceStopAction === undefined ? {} : { onInstanceStopAction: body.onInstanceStopAction }),
    };
    if (spot && scheduling.automaticRestart) {
        throw invalid("Scheduling must have preemptible be false when AutomaticRestart is true.");
    }
    if ((spot || hasGpu) && scheduling.onHostMaintenance === "MIGRATE") {
        throw invalid("Instances with guest accelerators or provisioning model SPOT do not support live migration.");
    }
    const seconds = Number(body.maxRunDuration?.seconds ?? 60);
    // Google's minimum is 30 seconds. The emulator allows shorter limits, so that tests of the limit run quickly.
    if (seconds < 1 || seconds > MAX_RUN_SECONDS) {
        throw invalid(
            `Invalid value for field 'resource.scheduling.maxRunDuration': ${seconds} seconds. Must be at most 120 days.`,
        );
    }
    if (body.maxRunDuration !== undefined && body.instanceTerminationAction === undefined) {
        throw invalid("Scheduling with maxRunDuration must have instanceTerminationAction.");
    }
    const stopsAtLimit = body.maxRunDuration !== undefined && body.instanceTerminationAction === "STOP";
    if (localSsd && stopsAtLimit && body.onInstanceStopAction?.discardLocalSsd !== true) {
        // No public source shows the text of this message. The rule comes from the documentation of gcloud's
        // --discard-local-ssds-at-termination-timestamp:
        // https://cloud.google.com/sdk/gcloud/reference/compute/instances/create
        throw invalid(
            "Invalid value for field 'resource.scheduling.onInstanceStopAction': an instance with Local SSD and instanceTerminationAction STOP must have discardLocalSsd true.",
            "resource.scheduling.onInstanceStopAction",
        );
    }
    return scheduling;
}

/** @throws ApiError 400 for too much metadata, or for invalid or duplicate keys */
export function checkMetadata(items: readonly { key: string; value: string }[]): void {
    const keys = new Set<string>();
    for (const { key } of items) {
        if (!/^[a-zA-Z0-9-_]{1,128}$/.test(key) || keys.has(key)) {
            throw invalid(
                `Invalid value for field 'resource.metadata.items': '${key}' is not a metadata key, or is duplicated.`,
            );
        }
        keys.add(key);
    }
    const total = items.reduce((sum, { key, value }) => sum + key.length + Buffer.byteLength(value), 0);
    const tooLong = items.find(({ value }) => Buffer.byteLength(value) > MAX_METADATA_BYTES / 2);
    if (tooLong !== undefined || total > MAX_METADATA_BYTES) {
        throw invalid(
            `Invalid value for field 'resource.metadata': ${tooLong?.key ?? "all items"}. A value may have up to 262144 bytes, and all values together up to 524288.`,
        );
    }
}

/** @throws ApiError 400 for labels that Google Cloud would reject: https://cloud.google.com/compute/docs/labeling-resources */
export function checkLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    for (const [key, value] of Object.entries(labels)) {
        if (
            !/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key) ||
            !/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value)
        ) {
            throw invalid(
                `Invalid value for field 'resource.labels': '${key}: ${value}'. Label keys and values must be lower case.`,
            );
        }
    }
    return labels;
}

/** @throws ApiError 400 for an account that does not exist, or a scope that is not a full URL */
export function checkAccounts(
    accounts: InstanceBody["serviceAccounts"] & {},
    context: { readonly accountExists: (email: string) => boolean },
): void {
    for (const { email, scopes = [] } of accounts) {
        if (email !== "default" && !context.accountExists(email)) {
            throw invalid(
                `The resource 'projects/-/serviceAccounts/${email}' of type 'serviceAccount' was not found.`,
                "resource.serviceAccounts",
            );
        }
        const bad = scopes.find((scope) => !SCOPE.test(scope));
        if (bad !== undefined) {
            throw invalid(
                `Invalid value for field 'resource.serviceAccounts[0].scopes': '${bad}'. A scope is a full URL such as https://www.googleapis.com/auth/devstorage.read_write.`,
            );
        }
    }
}

/** Fills in missing shielded-VM settings with Compute Engine's defaults. */
export function newShieldedConfig(
    config: {
        readonly [Key in keyof ShieldedConfig]?: boolean | undefined;
    },
): ShieldedConfig {
    return {
        enableSecureBoot: config.enableSecureBoot ?? false,
        enableVtpm: config.enableVtpm ?? true,
        enableIntegrityMonitoring: config.enableIntegrityMonitoring ?? true,
    };
}
