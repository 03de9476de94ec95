import { randomUUID } from "node:crypto";
import { notFound } from "../http/errors";
import { pageOf } from "../http/query";
import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import { POLICY_VERSION_QUERY, policyHandlers } from "../iam/policy-handlers";
import type { ImageStore } from "./images";
import { imageSize } from "./manifests";
import { describeRepository, type Repository, registryPath, repositoryBody } from "./repositories";
import type { RegistryServices } from "./service";

const PARENT = "/v1/projects/:project/locations/:location/repositories" as const;
const ONE = `${PARENT}/:repository` as const;
const PAGE_QUERY = ["pageSize", "pageToken"];
const TYPE = "type.googleapis.com/google.devtools.artifactregistry.v1.Repository";

type Location = { readonly project: string; readonly location: string };
type Name = Location & { readonly repository: string };

const parentOf = (params: Location) => `projects/${params.project}/locations/${params.location}`;
const nameOf = (params: Name) => `${parentOf(params)}/repositories/${params.repository}`;

/** Artifact Registry's API: https://cloud.google.com/artifact-registry/docs/reference/rest */
export function artifactRoutes(services: RegistryServices): Route[] {
    const { registry, iam } = services;
    const policy = policyHandlers<Name>(iam, {
        resource: ({ params }) => nameOf(params),
        requireExisting: ({ params }) => registry.repositories.get(nameOf(params)),
        permissions: "artifactregistry.repositories",
    });
    return [
        // The custom verbs come first, because `:repository` would match "R:getIamPolicy".
        route("GET", `${ONE}\\:getIamPolicy`, policy.get, { query: [POLICY_VERSION_QUERY] }),
        route("POST", `${ONE}\\:setIamPolicy`, policy.set),
        route("POST", `${ONE}\\:testIamPermissions`, policy.test),
        ...repositoryRoutes(services),
        route("GET", `${ONE}/dockerImages`, (request) => listImages(services, request), { query: PAGE_QUERY }),
        route("GET", `${ONE}/dockerImages/:image`, (request) => getImage(services, request)),
        route("GET", "/v1/projects/:project/locations/:location/operations/:operation", (request) => {
            iam.require(request, "artifactregistry.repositories.get", `projects/${request.params.project}`);
            const name = `${parentOf(request.params)}/operations/${request.params.operation}`;
            const operation = registry.operations.find(name);
            if (operation === undefined) {
                throw notFound(`Requested entity was not found: ${name}`);
            }
            return { body: operation };
        }),
    ];
}

function repositoryRoutes(services: RegistryServices): Route[] {
    const { iam } = services;
    const { repositories, operations, images } = services.registry;
    return [
        route(
            "POST",
            PARENT,
            async (request) => {
                const { project, location } = request.params;
                iam.require(request, "artifactregistry.repositories.create", `projects/${project}`);
                const body = await request.read(repositoryBody);
                const id = request.query.get("repositoryId") ?? request.query.get("repository_id") ?? "";
                const created = await repositories.create(project, location, id, body);
                const response = { "@type": TYPE, ...describe(images, request, created) };
                return { body: operations.add(`${parentOf(request.params)}/operations/${randomUUID()}`, response) };
            },
            { query: ["repositoryId", "repository_id"] },
        ),
        route(
            "GET",
            PARENT,
            (request) => {
                iam.require(request, "artifactregistry.repositories.list", `projects/${request.params.project}`);
                const { page, ...next } = pageByName(request.query, repositories.list(parentOf(request.params)));
                const described = page.map((one) => describe(images, request, one));
                return { body: { ...(page.length === 0 ? {} : { repositories: described }), ...next } };
            },
            { query: PAGE_QUERY },
        ),
        route("GET", ONE, (request) => ({ body: describe(images, request, allowed(services, request, "get")) })),
        route(
            "PATCH",
            ONE,
            async (request) => {
                const { name } = allowed(services, request, "update");
                const body = await request.read(repositoryBody);
                const mask = request.query.get("updateMask") ?? "*";
                return { body: describe(images, request, await repositories.patch(name, body, mask)) };
            },
            { query: ["updateMask"] },
        ),
        route("DELETE", ONE, async (request) => {
            const { name } = allowed(services, request, "delete");
            await repositories.delete(name);
            const response = { "@type": "type.googleapis.com/google.protobuf.Empty" };
            return { body: operations.add(`${parentOf(request.params)}/operations/${randomUUID()}`, response) };
        }),
    ];
}

/** Returns the repository if the caller has the permission. Callers without it cannot probe for names. */
function allowed({ registry, iam }: RegistryServices, request: ApiRequest<Name>, verb: string): Repository {
    iam.require(request, `artifactregistry.repositories.${verb}`, nameOf(request.params));
    return registry.repositories.get(nameOf(request.params));
}

function describe(images: ImageStore, { baseUrl }: Pick<ApiRequest, "baseUrl">, repository: Repository) {
    const sizes = images.list(registryPath(repository.name)).map(({ text }) => imageSize(text));
    return describeRepository(
        repository,
        new URL(baseUrl).host,
        sizes.reduce((sum, size) => sum + size, 0),
    );
}

function listImages(services: RegistryServices, request: ApiRequest<Name>) {
    const { page, ...next } = pageByName(request.query, describeImages(services, request));
    return { body: { ...(page.length === 0 ? {} : { dockerImages: page }), ...next } };
}

function pageByName<T extends { readonly name: string }>(query: URLSearchParams, all: readonly T[]) {
    const ordered = [...all].sort((one, other) => (one.name < other.name ? -1 : 1));
    return pageOf(query, ordered, { size: "pageSize", key: ({ name }) => name });
}

function getImage(services: RegistryServices, request: ApiRequest<Name & { readonly image: string }>) {
    const name = `${nameOf(request.params)}/dockerImages/${request.params.image}`;
    const found = describeImages(services, request).find((image) => image.name === name);
    if (found === undefined) {
        throw notFound(`Requested entity was not found: ${name}`);
    }
    return { body: found };
}

function describeImages({ registry, iam }: RegistryServices, request: ApiRequest<Name>) {
    iam.require(request, "artifactregistry.dockerimages.list", nameOf(request.params));
    const { repositories, images } = registry;
    const { name } = repositories.get(nameOf(request.params));
    const host = new URL(request.baseUrl).host;
    return images.list(registryPath(name)).map((image) => ({
        name: `${name}/dockerImages/${image.image}@${image.digest}`,
        uri: `${host}/${registryPath(name)}/${image.image}@${image.digest}`,
        tags: image.tags,
        imageSizeBytes: String(imageSize(image.text)),
        mediaType: image.mediaType,
        uploadTime: image.uploadTime,
        updateTime: image.uploadTime,
    }));
}
