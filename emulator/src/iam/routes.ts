import { z } from "zod";
import { invalid, unimplemented } from "../http/errors";
import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import { readMaxResults } from "../storage/listing";
import { requirePermission } from "./enforcement";
import { POLICY_VERSION_QUERY, policyHandlers } from "./policy-handlers";
import type { ServiceAccount } from "./service-accounts";

type AccountRequest = ApiRequest<{ readonly project: string; readonly account: string }>;

const unused = z.unknown().optional();
const fields = { displayName: z.string().optional(), description: z.string().optional() };
const accountSchema = z.strictObject({
    ...fields,
    etag: z.string().optional(),
    // Output only: clients send back what they read.
    name: unused,
    projectId: unused,
    uniqueId: unused,
    email: unused,
    oauth2ClientId: unused,
    disabled: unused,
});
const createSchema = z.strictObject({ accountId: z.string(), serviceAccount: accountSchema.optional() });
const patchSchema = z.strictObject({ serviceAccount: accountSchema, updateMask: z.string() });

const policy = policyHandlers<AccountRequest["params"]>({
    resource: nameOf,
    requireExisting: find,
    permissions: "iam.serviceAccounts",
});

/** Service accounts: https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts. No keys: never any. */
export function iamRoutes(): Route[] {
    const account = "/v1/projects/:project/serviceAccounts/:account" as const;
    return [
        route("POST", `${account}\\:enable`, enable),
        route("POST", `${account}\\:disable`, disable),
        route("POST", `${account}\\:getIamPolicy`, policy.get, { query: [POLICY_VERSION_QUERY] }),
        route("POST", `${account}\\:setIamPolicy`, policy.set),
        route("POST", `${account}\\:testIamPermissions`, policy.test),
        route("POST", "/v1/projects/:project/serviceAccounts", create),
        route("GET", "/v1/projects/:project/serviceAccounts", list, { query: ["pageSize", "pageToken"] }),
        route("GET", account, get),
        route("PATCH", account, patch),
        route("PUT", account, update),
        route("DELETE", account, remove),
    ];
}

async function create(request: ApiRequest<{ readonly project: string }>) {
    const { services, params } = request;
    requirePermission(request, "iam.serviceAccounts.create", `projects/${params.project}`);
    const { accountId, serviceAccount } = await request.read(createSchema);
    return { body: await services.serviceAccounts.create(params.project, accountId, serviceAccount ?? {}) };
}

async function list(request: ApiRequest<{ readonly project: string }>) {
    const { services, params, query } = request;
    const { projectId } = await services.projects.get(params.project);
    requirePermission(request, "iam.serviceAccounts.list", `projects/${projectId}`);
    const after = query.get("pageToken") ?? "";
    const all = services.serviceAccounts.list(projectId).filter(({ email }) => email > after);
    const page = all.slice(0, readMaxResults(query.get("pageSize"), 100));
    const last = page.at(-1);
    return {
        body: {
            ...(page.length > 0 ? { accounts: page } : {}),
            ...(last !== undefined && page.length < all.length ? { nextPageToken: last.email } : {}),
        },
    };
}

function get(request: AccountRequest) {
    return { body: requireAccount(request, "iam.serviceAccounts.get") };
}

async function patch(request: AccountRequest) {
    const { serviceAccount, updateMask } = await request.read(patchSchema);
    const account = requireAccount(request, "iam.serviceAccounts.update");
    const names = updateMask
        .split(",")
        .map((name) => name.trim().replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()));
    const unknown = names.find((name) => name !== "etag" && !Object.keys(fields).includes(name));
    if (unknown !== undefined) {
        throw unimplemented(`updateMask "${unknown}" of a service account (it may name displayName and description)`);
    }
    checkEtag(account, serviceAccount.etag);
    const changed = {
        ...(names.includes("displayName") ? { displayName: serviceAccount.displayName ?? "" } : {}),
        ...(names.includes("description") ? { description: serviceAccount.description ?? "" } : {}),
    };
    return { body: await request.services.serviceAccounts.update(account, changed) };
}

/** The older way to change the display name alone. */
async function update(request: AccountRequest) {
    const { displayName, etag } = await request.read(accountSchema);
    const account = requireAccount(request, "iam.serviceAccounts.update");
    checkEtag(account, etag);
    return { body: await request.services.serviceAccounts.update(account, { displayName: displayName ?? "" }) };
}

async function remove(request: AccountRequest) {
    const account = requireAccount(request, "iam.serviceAccounts.delete");
    await request.services.serviceAccounts.delete(account);
    await request.services.policies.delete(account.name);
    return { body: {} };
}

async function enable(request: AccountRequest) {
    await request.services.serviceAccounts.setDisabled(requireAccount(request, "iam.serviceAccounts.enable"), false);
    return { body: {} };
}

async function disable(request: AccountRequest) {
    await request.services.serviceAccounts.setDisabled(requireAccount(request, "iam.serviceAccounts.disable"), true);
    return { body: {} };
}

function requireAccount(request: AccountRequest, permission: string): ServiceAccount {
    requirePermission(request, permission, nameOf(request));
    return find(request);
}

function nameOf({ services, params }: AccountRequest): string {
    return services.serviceAccounts.nameOf(params.project, params.account);
}

function find({ services, params }: AccountRequest): ServiceAccount {
    return services.serviceAccounts.get(params.project, params.account);
}

function checkEtag(account: ServiceAccount, etag: string | undefined): void {
    if (etag !== undefined && etag !== "" && etag !== account.etag) {
        throw invalid(`The etag "${etag}" of service account ${account.email} is stale: read it again.`, "etag");
    }
}
