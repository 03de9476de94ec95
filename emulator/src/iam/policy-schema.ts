import { createHash } from "node:crypto";
import { z } from "zod";
import { invalid, unimplemented } from "../http/errors";
import { type Condition, checkCondition } from "./conditions";
import { isGrantableOn, permissionsOf, policyKind } from "./roles";

/** A role granted to members, optionally under a condition. */
export interface Binding {
    readonly role: string;
    readonly members: readonly string[];
    readonly condition?: Condition | undefined;
}

/** A policy as stored and returned: https://cloud.google.com/iam/docs/reference/rest/v1/Policy */
export interface Policy {
    readonly version: number;
    /** Base64; changes with every write. */
    readonly etag: string;
    readonly bindings: readonly Binding[];
}

/** A policy as sent by a caller. */
export interface PolicyInput {
    readonly version?: number | undefined;
    readonly etag?: string | undefined;
    readonly bindings?: readonly Binding[] | undefined;
    readonly auditConfigs?: readonly unknown[] | undefined;
}

/**
 * A policy in a request body, for `request.read`. `kind` and `resourceId` are output-only fields from Cloud Storage.
 */
export const policySchema = z.strictObject({
    kind: z.string().optional(),
    resourceId: z.string().optional(),
    version: z.number().int().optional(),
    etag: z.string().optional(),
    bindings: z
        .array(
            z.strictObject({
                role: z.string(),
                members: z.array(z.string()).default([]),
                condition: z
                    .strictObject({
                        expression: z.string(),
                        title: z.string().optional(),
                        description: z.string().optional(),
                        location: z.string().optional(),
                    })
                    .optional(),
            }),
        )
        .optional(),
    auditConfigs: z.array(z.unknown()).optional(),
});

const MEMBER =
    /^(allUsers|allAuthenticatedUsers|(user|group|serviceAccount|domain|projectOwner|projectEditor|projectViewer|deleted):.+|principal(Set)?:\/\/.+)$/;

/**
 * Checks roles, members, conditions and the version, which a schema cannot check.
 *
 * @param resource the resource's name in PolicyStore
 * @param accountExists tests whether a service account exists; accounts in unknown projects count as existing
 * @throws ApiError 400 for a policy that IAM rejects, 501 for a role or condition that the emulator does not support
 */
export function checkPolicy(policy: PolicyInput, resource: string, accountExists: (email: string) => boolean): void {
    if ((policy.auditConfigs ?? []).length > 0) {
        throw unimplemented('"auditConfigs" of a policy');
    }
    const bindings = policy.bindings ?? [];
    if (bindings.some(({ condition }) => condition !== undefined) && policy.version !== 3) {
        throw invalid("A policy with conditional role bindings must have version 3 (set policy.version to 3).");
    }
    for (const { role, members, condition } of bindings) {
        if (permissionsOf(role) === undefined) {
            if (!/^(roles|projects\/[^/]+\/roles|organizations\/[^/]+\/roles)\/[\w.]+$/.test(role)) {
                throw invalid(`Invalid argument: role "${role}" is not of the form "roles/NAME".`);
            }
            throw unimplemented(`the role "${role}" (emulator/src/iam/roles.ts lists the supported roles)`);
        }
        if (!isGrantableOn(role, policyKind(resource))) {
            // https://github.com/hashicorp/terraform-provider-google/issues/9130
            throw invalid(`Role ${role} is not supported for this resource.`);
        }
        if (condition !== undefined) {
            if (/^roles\/(owner|editor|viewer)$/.test(role)) {
                throw invalid(`Conditions can't be set for the basic role ${role}.`);
            }
            checkCondition(condition);
        }
        for (const member of members) {
            checkMember(member, accountExists);
        }
    }
}

function checkMember(member: string, accountExists: (email: string) => boolean): void {
    if (!MEMBER.test(member)) {
        throw invalid(
            `Invalid argument: member "${member}" must be of the form "type:id", e.g. "serviceAccount:EMAIL".`,
        );
    }
    const email = /^serviceAccount:([^?]+)$/.exec(member)?.[1];
    if (email !== undefined && !accountExists(email)) {
        throw invalid(`Service account ${email} does not exist.`);
    }
}

/**
 * Returns the policy in the version that the caller requested. Below version 3, the role name of a conditional binding
 * marks it as conditional, and the condition is omitted.
 * https://cloud.google.com/iam/docs/policies#specifying-version-get
 */
export function policyForVersion(policy: Policy, requested: string | number | null | undefined): Policy {
    const version = Number(requested ?? 1);
    if (![0, 1, 2, 3].includes(version)) {
        throw invalid(`Requested policy version must be 0, 1 or 3; got ${requested}.`);
    }
    if (version === 3 || policy.version < 3) {
        return policy;
    }
    const bindings = policy.bindings.map(({ role, members, condition }) => {
        if (condition === undefined) {
            return { role, members };
        }
        const hash = createHash("sha256").update(JSON.stringify(condition)).digest("hex").slice(0, 20);
        return { role: `${role}_withcond_${hash}`, members };
    });
    return { ...policy, version: 1, bindings };
}
