import { permissionDenied, unauthenticated } from "../http/errors";
import { pageOf } from "../http/query";
import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import { POLICY_VERSION_QUERY, policyHandlers } from "../iam/policy-handlers";
import type { IamService } from "../iam/service";
import type { ProjectService } from "../projects/projects";
import { addVersionBody, secretBody, versionStateBody } from "./secret-schema";
import { type Secret, type SecretService, type SecretVersion, type VersionState, versionName } from "./service";

const SECRETS = "/v1/projects/:project/secrets" as const;
const SECRET = `${SECRETS}/:secret` as const;
const VERSION = `${SECRET}/versions/:version` as const;
const PAGE_QUERY = ["pageSize", "pageToken"];
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

type ProjectRequest = ApiRequest<{ readonly project: string }>;
type SecretRequest = ApiRequest<{ readonly project: string; readonly secret: string }>;
type VersionRequest = ApiRequest<{ readonly project: string; readonly secret: string; readonly version: string }>;

/** The services that Secret Manager's routes use. */
export interface SecretServices {
    readonly secrets: SecretService;
    readonly projects: ProjectService;
    readonly iam: IamService;
}

/** Secret Manager's API: https://cloud.google.com/secret-manager/docs/reference/rest. Regional secrets are not emulated. */
export function secretRoutes(services: SecretServices): Route[] {
    const { secrets, iam } = services;
    const policy = policyHandlers<SecretRequest["params"]>(iam, {
        resource: (request) => resourceOf(services, request),
        requireExisting: ({ params }) => secrets.get(params.project, params.secret),
        permissions: "secretmanager.secrets",
    });
    return [
        // The custom verbs come first, because `:secret` would match "S:getIamPolicy".
        route("GET", `${SECRET}\\:getIamPolicy`, policy.get, { query: [POLICY_VERSION_QUERY] }),
        route("POST", `${SECRET}\\:setIamPolicy`, policy.set),
        route("POST", `${SECRET}\\:testIamPermissions`, policy.test),
        route("POST", `${SECRET}\\:addVersion`, (request) => addVersion(services, request)),
        ...secretAccessRoutes(services),
        route("POST", `${VERSION}\\:enable`, (request) => setState(services, request, "enable", "ENABLED")),
        route("POST", `${VERSION}\\:disable`, (request) => setState(services, request, "disable", "DISABLED")),
        route("POST", `${VERSION}\\:destroy`, (request) => setState(services, request, "destroy", "DESTROYED")),
        route("GET", VERSION, async (request) => {
            const secret = await requireSecret(
                services,
                request,
                "versions.get",
                `/versions/${request.params.version}`,
            );
            return { body: describeVersion(secret, secrets.version(secret, request.params.version)) };
        }),
        route("GET", `${SECRET}/versions`, (request) => listVersions(services, request), { query: PAGE_QUERY }),
        route("POST", SECRETS, (request) => create(services, request), { query: ["secretId"] }),
        route("GET", SECRETS, (request) => list(services, request), { query: PAGE_QUERY }),
        route("GET", SECRET, async (request) => ({
            body: describe(await requireSecret(services, request, "secrets.get")),
        })),
        route("PATCH", SECRET, (request) => patch(services, request), { query: ["updateMask"] }),
        route(
            "DELETE",
            SECRET,
            async (request) => {
                const secret = await requireSecret(services, request, "secrets.delete");
                await secrets.delete(secret, request.query.get("etag") ?? undefined);
                return { body: {} };
            },
            { query: ["etag"] },
        ),
    ];
}

/** The only route that returns payloads. A VM's own port serves it too, and likewise requires a token. */
export function secretAccessRoutes(services: SecretServices): Route[] {
    return [route("GET", `${VERSION}\\:access`, (request) => access(services, request))];
}

async function access(services: SecretServices, request: VersionRequest) {
    if (request.headers.authorization === undefined) {
        throw unauthenticated("Request is missing required authentication credential. Expected OAuth 2 access token.");
    }
    const { version } = request.params;
    const secret = await requireSecret(services, request, "versions.access", `/versions/${version}`);
    const found = services.secrets.version(secret, version);
    return { body: { name: versionName(secret, found), payload: services.secrets.payload(secret, found) } };
}

async function create(services: SecretServices, request: ProjectRequest) {
    const project = await services.projects.get(request.params.project);
    requireScope(request);
    services.iam.require(request, "secretmanager.secrets.create", `projects/${project.projectId}`);
    const body = await request.read(secretBody);
    return { body: describe(await services.secrets.create(project, request.query.get("secretId") ?? "", body)) };
}

async function list(services: SecretServices, request: ProjectRequest) {
    const { projectId } = await services.projects.get(request.params.project);
    requireScope(request);
    services.iam.require(request, "secretmanager.secrets.list", `projects/${projectId}`);
    const all = services.secrets.list(projectId);
    const { page, ...next } = pageOf(request.query, all, {
        size: "pageSize",
        largest: 25_000,
        key: ({ name }) => name,
    });
    return { body: { ...(page.length > 0 ? { secrets: page.map(describe) } : {}), ...next, totalSize: all.length } };
}

async function patch(services: SecretServices, request: SecretRequest) {
    const secret = await requireSecret(services, request, "secrets.update");
    const body = await request.read(secretBody);
    return { body: describe(await services.secrets.patch(secret, body, request.query.get("updateMask") ?? "")) };
}

async function addVersion(services: SecretServices, request: SecretRequest) {
    const secret = await requireSecret(services, request, "versions.add");
    const { payload } = await request.read(addVersionBody);
    const version = await services.secrets.addVersion(secret, payload?.data ?? "", payload?.dataCrc32c);
    return { body: describeVersion(secret, version) };
}

/** Lists versions. As on Google Cloud, the newest version comes first. */
async function listVersions(services: SecretServices, request: SecretRequest) {
    const secret = await requireSecret(services, request, "versions.list");
    const all = [...secret.versions].reverse();
    const { page, ...next } = pageOf(request.query, all, {
        size: "pageSize",
        largest: 25_000,
        // Page tokens require ascending keys, but the versions are listed by descending number.
        key: ({ number }) => String(1e9 - number).padStart(10, "0"),
    });
    const versions = page.map((version) => describeVersion(secret, version));
    return { body: { ...(page.length > 0 ? { versions } : {}), ...next, totalSize: all.length } };
}

async function setState(services: SecretServices, request: VersionRequest, verb: string, state: VersionState) {
    const { version } = request.params;
    const { etag } = await request.read(versionStateBody);
    const secret = await requireSecret(services, request, `versions.${verb}`, `/versions/${version}`);
    const found = services.secrets.version(secret, version);
    return { body: describeVersion(secret, await services.secrets.setState(secret, found, state, etag)) };
}

/**
 * Returns the secret named in a request, if the caller has the permission. Other callers cannot tell whether it exists.
 */
async function requireSecret(
    services: SecretServices,
    request: SecretRequest,
    permission: string,
    below = "",
): Promise<Secret> {
    requireScope(request);
    services.iam.require(request, `secretmanager.${permission}`, (await resourceOf(services, request)) + below);
    return await services.secrets.get(request.params.project, request.params.secret);
}

async function resourceOf({ projects }: SecretServices, { params }: SecretRequest): Promise<string> {
    return `projects/${(await projects.get(params.project)).projectId}/secrets/${params.secret}`;
}

/**
 * Every method of this API requires the scope cloud-platform. The developer's token has all scopes.
 * https://cloud.google.com/secret-manager/docs/accessing-the-api#oauth-scopes
 */
function requireScope({ principal }: Pick<ApiRequest, "principal">): void {
    if (principal.kind === "serviceAccount" && principal.scopes?.includes(SCOPE) === false) {
        throw permissionDenied("Request had insufficient authentication scopes.", [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                domain: "googleapis.com",
                metadata: { service: "secretmanager.googleapis.com" },
            },
        ]);
    }
}

function describe({ name, createTime, etag, settings }: Secret): object {
    const { replication, labels, annotations } = settings;
    return {
        name,
        replication,
        createTime,
        ...(labels === undefined ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
        etag,
    };
}

function describeVersion(secret: Secret, version: SecretVersion): object {
    const { createTime, destroyTime, state, etag, hasClientChecksum } = version;
    const { userManaged } = secret.settings.replication ?? {};
    return {
        name: versionName(secret, version),
        createTime,
        ...(destroyTime === undefined ? {} : { destroyTime }),
        state,
        replicationStatus: userManaged === undefined ? { automatic: {} } : { userManaged },
        etag,
        ...(hasClientChecksum ? { clientSpecifiedPayloadChecksum: true } : {}),
    };
}
