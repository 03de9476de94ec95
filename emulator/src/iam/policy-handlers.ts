import { z } from "zod";
import { unimplemented } from "../http/errors";
import type { ApiRequest, ApiResponse, Handler } from "../http/types";
import { checkPolicy, policyForVersion, policySchema } from "./policy-schema";
import type { IamService } from "./service";

/** A kind of resource that can have a policy. */
export interface PolicyTarget<Params> {
    /** Returns the resource's name in PolicyStore, whether or not it exists. */
    readonly resource: (request: ApiRequest<Params>) => string | Promise<string>;
    /**
     * Throws 404 if the resource does not exist. It is called last, so that callers without permission cannot probe for
     * names.
     */
    readonly requireExisting?: (request: ApiRequest<Params>) => unknown;
    /** Prefix of the permissions: "resourcemanager.projects" for "resourcemanager.projects.getIamPolicy". */
    readonly permissions: string;
}

/** The handlers for the three custom verbs on every resource with a policy. */
export interface PolicyHandlers<Params> {
    /** `:getIamPolicy` as POST (options in the body) or as GET (`options.requestedPolicyVersion` in the query). */
    readonly get: Handler<Params>;
    /** `:setIamPolicy`. Fails with 409 ABORTED for a stale etag. */
    readonly set: Handler<Params>;
    /** `:testIamPermissions`. */
    readonly test: Handler<Params>;
}

/** Query parameter for `:getIamPolicy` as GET. */
export const POLICY_VERSION_QUERY = "options.requestedPolicyVersion";

const getSchema = z.strictObject({
    options: z.strictObject({ requestedPolicyVersion: z.number().int().optional() }).optional(),
});
const setSchema = z.strictObject({ policy: policySchema, updateMask: z.string().optional() });
const testSchema = z.strictObject({ permissions: z.array(z.string()).default([]) });

/** Creates the handlers for one kind of resource: https://cloud.google.com/iam/docs/reference/rest/v1/Policy */
export function policyHandlers<Params>(
    iam: IamService,
    { resource, requireExisting, permissions }: PolicyTarget<Params>,
): PolicyHandlers<Params> {
    return {
        get: async (request): Promise<ApiResponse> => {
            const body = request.method === "POST" ? await request.read(getSchema) : {};
            const name = await resource(request);
            iam.require(request, `${permissions}.getIamPolicy`, name);
            await requireExisting?.(request);
            const version = body.options?.requestedPolicyVersion ?? request.query.get(POLICY_VERSION_QUERY);
            return { body: policyForVersion(iam.policies.get(name), version) };
        },
        set: async (request): Promise<ApiResponse> => {
            const { policy, updateMask } = await request.read(setSchema);
            const name = await resource(request);
            iam.require(request, `${permissions}.setIamPolicy`, name);
            await requireExisting?.(request);
            checkMask(updateMask);
            checkPolicy(policy, name, (email) => iam.serviceAccounts.exists(email));
            return { body: await iam.policies.set(name, policy) };
        },
        test: async (request): Promise<ApiResponse> => {
            const requested = (await request.read(testSchema)).permissions;
            const name = await resource(request);
            await requireExisting?.(request);
            const held = requested.filter((permission) => iam.policies.check(request.principal, permission, name));
            return { body: held.length > 0 ? { permissions: held } : {} };
        },
    };
}

/** Rejects an update mask without "bindings", because the old bindings would have to be kept. */
function checkMask(updateMask: string | undefined): void {
    const names = (updateMask ?? "bindings").split(",").map((name) => name.trim());
    const unknown = names.find((name) => !["bindings", "etag", "version", "auditConfigs"].includes(name));
    if (unknown !== undefined || !names.includes("bindings")) {
        throw unimplemented(`updateMask "${updateMask}" of setIamPolicy (it must name "bindings")`);
    }
}
