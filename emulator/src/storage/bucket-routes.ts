import { invalid } from "../http/errors";
import { pageOf, readBoolean } from "../http/query";
import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import { checkPolicy, policyForVersion, policySchema } from "../iam/policy-schema";
import type { IamService } from "../iam/service";
import type { ProjectService } from "../projects/projects";
import { newBucketSchema } from "./bucket-schema";
import { type Bucket, bucketResource, checkPublicAccess, locationType } from "./buckets";
import { BUCKET_PRECONDITIONS, checkPreconditions, conditionNotMet, readPreconditions } from "./preconditions";
import { etagOf, toBucketResource } from "./resources";
import type { StorageService } from "./service";

type BucketRequest = ApiRequest<{ readonly bucket: string }>;

/** The services that the bucket routes use. */
export interface BucketServices {
    readonly storage: StorageService;
    readonly projects: ProjectService;
    readonly iam: IamService;
}

/**
 * Buckets and their IAM policies: https://cloud.google.com/storage/docs/json_api/v1/buckets. The paths omit the prefix
 * `/storage/v1`.
 */
export function bucketRoutes(services: BucketServices): Route[] {
    const { storage, iam } = services;
    const query = ["projection", ...BUCKET_PRECONDITIONS];
    return [
        route("POST", "/b", (request) => insert(services, request), { query: ["project", "projection"] }),
        route("GET", "/b", (request) => list(services, request), {
            query: ["project", "projection", "prefix", "maxResults", "pageToken", "softDeleted"],
        }),
        route("GET", "/b/:bucket", (request) => get(storage, request), { query }),
        route("PATCH", "/b/:bucket", (request) => patch(storage, request), { query }),
        route("PUT", "/b/:bucket", (request) => update(storage, request), { query }),
        route("DELETE", "/b/:bucket", (request) => remove(storage, request), { query: BUCKET_PRECONDITIONS }),
        route("GET", "/b/:bucket/iam", (request) => getIamPolicy(storage, iam, request), {
            query: ["optionsRequestedPolicyVersion"],
        }),
        route("PUT", "/b/:bucket/iam", (request) => setIamPolicy(storage, iam, request)),
        route("GET", "/b/:bucket/iam/testPermissions", (request) => testIamPermissions(storage, request), {
            query: ["permissions"],
        }),
        route("GET", "/b/:bucket/storageLayout", (request) => getStorageLayout(storage, request)),
        // The emulator does not implement Anywhere Cache, so the list is empty. Terraform's provider requests it before
        // deleting a bucket.
        route("GET", "/b/:bucket/anywhereCaches", (request) => listAnywhereCaches(storage, request)),
        route("GET", "/projects/:project/serviceAccount", (request) => getServiceAgent(services, request)),
    ];
}

async function insert({ storage, projects }: BucketServices, request: ApiRequest) {
    const { projectId } = await projects.get(projectOf(request));
    storage.access.requireInProject(request.principal, "storage.buckets.create", projectId);
    const bucket = await storage.buckets.insert(projectId, await request.read(newBucketSchema));
    return { body: toBucketResource(bucket, request.baseUrl) };
}

async function list({ storage, projects }: BucketServices, request: ApiRequest) {
    const { query, baseUrl } = request;
    const { projectId } = await projects.get(projectOf(request));
    storage.access.requireInProject(request.principal, "storage.buckets.list", projectId);
    const isDeleted = readBoolean(query, "softDeleted", false);
    const { page, ...next } = pageOf(query, storage.buckets.list(projectId, query.get("prefix") ?? "", isDeleted), {
        size: "maxResults",
        key: ({ name, generation }) => (isDeleted ? `${name}/${generation}` : name),
    });
    const items = page.map((bucket) => toBucketResource(bucket, baseUrl));
    return { body: { kind: "storage#buckets", ...(items.length > 0 ? { items } : {}), ...next } };
}

function get(storage: StorageService, request: BucketRequest) {
    const bucket = requireBucket(storage, request, "storage.buckets.get", "read");
    return { headers: { etag: etagOf(bucket) }, body: toBucketResource(bucket, request.baseUrl) };
}

async function patch(storage: StorageService, request: BucketRequest) {
    const body = await request.json<object>();
    const bucket = requireBucket(storage, request, "storage.buckets.update", "write");
    const updated = await storage.buckets.patch(bucket, body, where(request));
    return { body: toBucketResource(updated, request.baseUrl) };
}

async function update(storage: StorageService, request: BucketRequest) {
    const body = await request.json<object>();
    const bucket = requireBucket(storage, request, "storage.buckets.update", "write");
    const updated = await storage.buckets.replace(bucket, body, where(request));
    return { body: toBucketResource(updated, request.baseUrl) };
}

async function remove(storage: StorageService, request: BucketRequest) {
    const bucket = requireBucket(storage, request, "storage.buckets.delete", "write");
    await storage.buckets.delete(bucket);
    await storage.objects.dropBucket(bucket.name);
    return {};
}

function getIamPolicy(storage: StorageService, { policies }: IamService, request: BucketRequest) {
    const bucket = requireBucket(storage, request, "storage.buckets.getIamPolicy");
    const policy = policies.get(bucketResource(bucket.name));
    const shown = policyForVersion(policy, request.query.get("optionsRequestedPolicyVersion"));
    return { body: { kind: "storage#policy", resourceId: bucketResource(bucket.name), ...shown } };
}

async function setIamPolicy(
    storage: StorageService,
    { policies, serviceAccounts }: IamService,
    request: BucketRequest,
) {
    const input = await request.read(policySchema);
    const bucket = requireBucket(storage, request, "storage.buckets.setIamPolicy");
    checkPolicy(input, bucketResource(bucket.name), (email) => serviceAccounts.exists(email));
    const bindings = input.bindings ?? [];
    checkPublicAccess(
        bucket,
        bindings.flatMap(({ members }) => members),
    );
    const uniform = bucket.settings.iamConfiguration?.uniformBucketLevelAccess?.enabled === true;
    if (!uniform && bindings.some(({ condition }) => condition !== undefined)) {
        throw invalid("Bucket policies with conditions require uniform bucket-level access on the bucket.");
    }
    const policy = await policies.set(bucketResource(bucket.name), input, conditionNotMet);
    return { body: { kind: "storage#policy", resourceId: bucketResource(bucket.name), ...policy } };
}

function testIamPermissions({ buckets, access }: StorageService, request: BucketRequest) {
    const { principal, query, params } = request;
    const { name } = buckets.get(params.bucket);
    const held = query.getAll("permissions").filter((permission) => access.can(principal, permission, name));
    return {
        body: { kind: "storage#testIamPermissionsResponse", ...(held.length > 0 ? { permissions: held } : {}) },
    };
}

function getStorageLayout(storage: StorageService, request: BucketRequest) {
    const bucket = requireBucket(storage, request, "storage.objects.list");
    return {
        body: {
            kind: "storage#storageLayout",
            bucket: bucket.name,
            location: bucket.location,
            locationType: locationType(bucket.location),
            hierarchicalNamespace: { enabled: false },
        },
    };
}

function listAnywhereCaches(storage: StorageService, request: BucketRequest) {
    requireBucket(storage, request, "storage.buckets.get");
    return { body: { kind: "storage#anywhereCaches" } };
}

async function getServiceAgent(
    { storage, projects }: BucketServices,
    { principal, params }: ApiRequest<{ readonly project: string }>,
) {
    const { projectId, projectNumber } = await projects.get(params.project);
    storage.access.requireInProject(principal, "resourcemanager.projects.get", projectId);
    const email = `service-${projectNumber}@gs-project-accounts.iam.gserviceaccount.com`;
    return { body: { kind: "storage#serviceAccount", email_address: email } };
}

function requireBucket(
    storage: StorageService,
    request: BucketRequest,
    permission: string,
    preconditions?: "read" | "write",
): Bucket {
    const bucket = storage.buckets.get(request.params.bucket);
    storage.access.require(request.principal, permission, bucket.name);
    if (preconditions !== undefined) {
        checkPreconditions(readPreconditions(request.query), bucket, preconditions);
    }
    return bucket;
}

function projectOf(request: ApiRequest): string {
    const project = request.query.get("project");
    if (project === null || project === "") {
        throw invalid("Required parameter: project", "project");
    }
    return project;
}

function where(request: BucketRequest): string {
    return `${request.method} ${request.path}`;
}
