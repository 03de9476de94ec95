import { notFound } from "../http/errors";
import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import { requirePermission } from "../iam/enforcement";
import { POLICY_VERSION_QUERY, policyHandlers } from "../iam/policy-handlers";
import { readMaxResults } from "../storage/listing";
import type { ListedImage } from "./images";
import { imageSize } from "./manifests";
import { describeRepository, type Repository, registryPath, repositoryBody } from "./repositories";

const PARENT = "/v1/projects/:project/locations/:location/repositories" as const;
const ONE = `${PARENT}/:repository` as const;
const TYPE = "type.googleapis.com/google.devtools.artifactregistry.v1.Repository";

type Place = { readonly project: string; readonly location: string };
type Name = Place & { readonly repository: string };

const parentOf = (params: Place) => `projects/${params.project}/locations/${params.location}`;
const nameOf = (params: Name) => `${parentOf(params)}/repositories/${params.repository}`;

const policy = policyHandlers<Name>({
    resource: ({ params }) => nameOf(params),
    requireExisting: ({ services, params }) => services.artifactRegistry.repositories.get(nameOf(params)),
    permissions: "artifactregistry.repositories",
});

/** Artifact Registry's API: https://cloud.google.com/artifact-registry/docs/reference/rest */
export function artifactRoutes(): Route[] {
    return [
        // The verbs stand first: `:repository` would take "R:getIamPolicy" for a name.
        route("GET", `${ONE}\\:getIamPolicy`, policy.get, { query: [POLICY_VERSION_QUERY] }),
        route("POST", `${ONE}\\:setIamPolicy`, policy.set),
        route("POST", `${ONE}\\:testIamPermissions`, policy.test),
        ...repositoryRoutes(),
        route("GET", `${ONE}/dockerImages`, listImages, { query: ["pageSize", "pageToken"] }),
        route("GET", `${ONE}/dockerImages/:image`, getImage),
        route("GET", "/v1/projects/:project/locations/:location/operations/:operation", getOperation),
    ];
}

function repositoryRoutes(): Route[] {
    return [
        route(
            "POST",
            PARENT,
            async (request) => {
                const { project, location } = request.params;
                requirePermission(request, "artifactregistry.repositories.create", `projects/${project}`);
                const body = await request.read(repositoryBody);
                const id = request.query.get("repositoryId") ?? request.query.get("repository_id") ?? "";
                const { repositories, operations } = request.services.artifactRegistry;
                const made = await repositories.create(project, location, id, body);
                const response = { "@type": TYPE, ...describe(request, made) };
                return { body: operations.add(parentOf(request.params), response) };
            },
            { query: ["repositoryId", "repository_id"] },
        ),
        route(
            "GET",
            PARENT,
            (request) => {
                requirePermission(request, "artifactregistry.repositories.list", `projects/${request.params.project}`);
                const found = request.services.artifactRegistry.repositories.list(parentOf(request.params));
                const { page, ...next } = pageOf(request.query, found);
                const repositories = page.map((one) => describe(request, one));
                return { body: { ...(page.length === 0 ? {} : { repositories }), ...next } };
            },
            { query: ["pageSize", "pageToken"] },
        ),
        route("GET", ONE, (request) => ({ body: describe(request, allowed(request, "get")) })),
        route(
            "PATCH",
            ONE,
            async (request) => {
                const { name } = allowed(request, "update");
                const body = await request.read(repositoryBody);
                const mask = request.query.get("updateMask") ?? "*";
                const changed = await request.services.artifactRegistry.repositories.patch(name, body, mask);
                return { body: describe(request, changed) };
            },
            { query: ["updateMask"] },
        ),
        route("DELETE", ONE, async (request) => {
            const { name } = allowed(request, "delete");
            const { repositories, operations } = request.services.artifactRegistry;
            await repositories.delete(name);
            const response = { "@type": "type.googleapis.com/google.protobuf.Empty" };
            return { body: operations.add(parentOf(request.params), response) };
        }),
    ];
}

/** The repository, for a caller with the permission. A caller without it is not told whether there is one. */
function allowed(request: ApiRequest<Name>, verb: string): Repository {
    requirePermission(request, `artifactregistry.repositories.${verb}`, nameOf(request.params));
    return request.services.artifactRegistry.repositories.get(nameOf(request.params));
}

function describe(request: Pick<ApiRequest, "baseUrl" | "services">, repository: Repository): Record<string, unknown> {
    const images = request.services.artifactRegistry.images.list(registryPath(repository.name));
    const host = new URL(request.baseUrl).host;
    return describeRepository(
        repository,
        host,
        images.reduce((sum, image) => sum + imageSize(image.text), 0),
    );
}

function listImages(request: ApiRequest<Name>) {
    const { page, ...next } = pageOf(request.query, describeImages(request));
    return { body: { ...(page.length === 0 ? {} : { dockerImages: page }), ...next } };
}

/** One page of what has a name: at most 1000, or `pageSize`, after the one that `pageToken` names. */
function pageOf<T extends { readonly name: string }>(
    query: URLSearchParams,
    all: readonly T[],
): { readonly page: readonly T[]; readonly nextPageToken?: string } {
    const after = query.get("pageToken") ?? "";
    const left = all.filter(({ name }) => name > after).sort((one, other) => (one.name < other.name ? -1 : 1));
    const page = left.slice(0, readMaxResults(query.get("pageSize")));
    const last = page.at(-1);
    return last === undefined || page.length === left.length ? { page } : { page, nextPageToken: last.name };
}

function getImage(request: ApiRequest<Name & { readonly image: string }>) {
    const name = `${nameOf(request.params)}/dockerImages/${request.params.image}`;
    const found = describeImages(request).find((image) => image.name === name);
    if (found === undefined) {
        throw notFound(`Requested entity was not found: ${name}`);
    }
    return { body: found };
}

function getOperation(request: ApiRequest<Place & { readonly operation: string }>) {
    requirePermission(request, "artifactregistry.repositories.get", `projects/${request.params.project}`);
    const name = `${parentOf(request.params)}/operations/${request.params.operation}`;
    return { body: request.services.artifactRegistry.operations.get(name) };
}

function describeImages(request: ApiRequest<Name>) {
    requirePermission(request, "artifactregistry.dockerimages.list", nameOf(request.params));
    const { repositories, images } = request.services.artifactRegistry;
    const { name } = repositories.get(nameOf(request.params));
    const host = new URL(request.baseUrl).host;
    return images.list(registryPath(name)).map((image: ListedImage) => ({
        name: `${name}/dockerImages/${image.image}@${image.digest}`,
        uri: `${host}/${registryPath(name)}/${image.image}@${image.digest}`,
        tags: image.tags,
        imageSizeBytes: String(imageSize(image.text)),
        mediaType: image.mediaType,
        uploadTime: image.uploadTime,
        updateTime: image.uploadTime,
    }));
}
