import { z } from "zod";
import { invalid, unimplemented } from "../http/errors";
import { pageOf } from "../http/query";
import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import { POLICY_VERSION_QUERY, policyHandlers } from "./policy-handlers";
import type { IamService } from "./service";
import type { ProjectLookup, ServiceAccount } from "./service-accounts";

type ProjectRequest = ApiRequest<{ readonly project: string }>;
type AccountRequest = ApiRequest<{ readonly project: string; readonly account: string }>;

const unused = z.unknown().optional();
const fields = { displayName: z.string().optional(), description: z.string().optional() };
const accountSchema = z.strictObject({
    ...fields,
    etag: z.string().optional(),
    // These fields are output-only: clients send back what they read.
    name: unused,
    projectId: unused,
    uniqueId: unused,
    email: unused,
    oauth2ClientId: unused,
    disabled: unused,
});
const createSchema = z.strictObject({ accountId: z.string(), serviceAccount: accountSchema.optional() });
const patchSchema = z.strictObject({ serviceAccount: accountSchema, updateMask: z.string() });

/**
 * Service accounts: https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts. Keys are not
 * emulated, so the list of keys is always empty.
 */
export function iamRoutes(iam: IamService, projects: ProjectLookup): Route[] {
    const account = "/v1/projects/:project/serviceAccounts/:account" as const;
    const policy = policyHandlers<AccountRequest["params"]>(iam, {
        resource: (request) => nameOf(iam, request),
        requireExisting: (request) => find(iam, request),
        permissions: "iam.serviceAccounts",
    });
    const query = ["pageSize", "pageToken"];
    return [
        route("POST", `${account}\\:enable`, (request) => setDisabled(iam, request, "enable")),
        route("POST", `${account}\\:disable`, (request) => setDisabled(iam, request, "disable")),
        route("POST", `${account}\\:getIamPolicy`, policy.get, { query: [POLICY_VERSION_QUERY] }),
        route("POST", `${account}\\:setIamPolicy`, policy.set),
        route("POST", `${account}\\:testIamPermissions`, policy.test),
        route("POST", "/v1/projects/:project/serviceAccounts", (request) => create(iam, request)),
        route("GET", "/v1/projects/:project/serviceAccounts", (request) => list(iam, projects, request), { query }),
        route("GET", account, (request) => ({ body: requireAccount(iam, request, "iam.serviceAccounts.get") })),
        route("PATCH", account, (request) => patch(iam, request)),
        route("PUT", account, (request) => update(iam, request)),
        route("DELETE", account, (request) => remove(iam, request)),
    ];
}

async function create(iam: IamService, request: ProjectRequest) {
    const { project } = request.params;
    iam.require(request, "iam.serviceAccounts.create", `projects/${project}`);
    const { accountId, serviceAccount } = await request.read(createSchema);
    return { body: await iam.serviceAccounts.create(project, accountId, serviceAccount ?? {}) };
}

async function list(iam: IamService, projects: ProjectLookup, request: ProjectRequest) {
    const { projectId } = await projects.get(request.params.project);
    iam.require(request, "iam.serviceAccounts.list", `projects/${projectId}`);
    const { page, ...next } = pageOf(request.query, iam.serviceAccounts.list(projectId), {
        size: "pageSize",
        largest: 100,
        key: ({ email }) => email,
    });
    return { body: { ...(page.length > 0 ? { accounts: page } : {}), ...next } };
}

async function patch(iam: IamService, request: AccountRequest) {
    const { serviceAccount, updateMask } = await request.read(patchSchema);
    const account = requireAccount(iam, request, "iam.serviceAccounts.update");
    const names = updateMask
        .split(",")
        .map((name) => name.trim().replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()));
    const unknown = names.find((name) => name !== "etag" && !Object.keys(fields).includes(name));
    if (unknown !== undefined) {
        throw unimplemented(
            `updateMask "${unknown}" of a service account (only displayName and description are supported)`,
        );
    }
    checkEtag(account, serviceAccount.etag);
    const changed = {
        ...(names.includes("displayName") ? { displayName: serviceAccount.displayName ?? "" } : {}),
        ...(names.includes("description") ? { description: serviceAccount.description ?? "" } : {}),
    };
    return { body: await iam.serviceAccounts.update(account, changed) };
}

/** The older method, which changes only the display name. */
async function update(iam: IamService, request: AccountRequest) {
    const { displayName, etag } = await request.read(accountSchema);
    const account = requireAccount(iam, request, "iam.serviceAccounts.update");
    checkEtag(account, etag);
    return { body: await iam.serviceAccounts.update(account, { displayName: displayName ?? "" }) };
}

async function remove(iam: IamService, request: AccountRequest) {
    const account = requireAccount(iam, request, "iam.serviceAccounts.delete");
    await iam.serviceAccounts.delete(account);
    await iam.policies.delete(account.name);
    return { body: {} };
}

async function setDisabled(iam: IamService, request: AccountRequest, verb: "enable" | "disable") {
    const account = requireAccount(iam, request, `iam.serviceAccounts.${verb}`);
    await iam.serviceAccounts.setDisabled(account, verb === "disable");
    return { body: {} };
}

function requireAccount(iam: IamService, request: AccountRequest, permission: string): ServiceAccount {
    iam.require(request, permission, nameOf(iam, request));
    return find(iam, request);
}

function nameOf(iam: IamService, { params }: AccountRequest): string {
    return iam.serviceAccounts.nameOf(params.project, params.account);
}

function find(iam: IamService, { params }: AccountRequest): ServiceAccount {
    return iam.serviceAccounts.get(params.project, params.account);
}

function checkEtag(account: ServiceAccount, etag: string | undefined): void {
    if (etag !== undefined && etag !== "" && etag !== account.etag) {
        throw invalid(
            `The etag "${etag}" of service account ${account.email} is stale; read the account again.`,
            "etag",
        );
    }
}
