import { invalid } from "../http/errors";
import { type Route, route } from "../http/router";
import type { ApiRequest } from "../http/types";
import { checkPolicy, policyForVersion, policySchema } from "../iam/policy-schema";
import { newBucketSchema } from "./bucket-schema";
import { type Bucket, bucketResource, checkPublicAccess, locationType } from "./buckets";
import { readMaxResults } from "./listing";
import { BUCKET_PRECONDITIONS, checkPreconditions, conditionNotMet, readPreconditions } from "./preconditions";
import { etagOf, toBucketResource } from "./resources";

type BucketRequest = ApiRequest<{ readonly bucket: string }>;

/** Buckets and their IAM policies: https://cloud.google.com/storage/docs/json_api/v1/buckets. Paths without `/storage/v1`. */
export const bucketRoutes: readonly Route[] = [
    route("POST", "/b", insert, { query: ["project", "projection"] }),
    route("GET", "/b", list, { query: ["project", "projection", "prefix", "maxResults", "pageToken"] }),
    route("GET", "/b/:bucket", get, { query: ["projection", ...BUCKET_PRECONDITIONS] }),
    route("PATCH", "/b/:bucket", patch, { query: ["projection", ...BUCKET_PRECONDITIONS] }),
    route("PUT", "/b/:bucket", update, { query: ["projection", ...BUCKET_PRECONDITIONS] }),
    route("DELETE", "/b/:bucket", remove, { query: BUCKET_PRECONDITIONS }),
    route("GET", "/b/:bucket/iam", getIamPolicy, { query: ["optionsRequestedPolicyVersion"] }),
    route("PUT", "/b/:bucket/iam", setIamPolicy),
    route("GET", "/b/:bucket/iam/testPermissions", testIamPermissions, { query: ["permissions"] }),
    route("GET", "/b/:bucket/storageLayout", getStorageLayout),
    // The emulator has no caches, so the list of a bucket's caches is empty; Terraform's provider asks before a delete.
    route("GET", "/b/:bucket/anywhereCaches", listAnywhereCaches),
    route("GET", "/projects/:project/serviceAccount", getServiceAgent),
];

async function insert(request: ApiRequest) {
    const { services, principal, baseUrl } = request;
    const { projectId } = await services.projects.get(projectOf(request));
    services.storage.access.requireInProject(principal, "storage.buckets.create", projectId);
    const bucket = await services.storage.buckets.insert(projectId, await request.read(newBucketSchema));
    return { body: toBucketResource(bucket, baseUrl) };
}

async function list(request: ApiRequest) {
    const { services, principal, query, baseUrl } = request;
    const { projectId } = await services.projects.get(projectOf(request));
    services.storage.access.requireInProject(principal, "storage.buckets.list", projectId);
    const after = query.get("pageToken") ?? "";
    const all = services.storage.buckets.list(projectId, query.get("prefix") ?? "").filter(({ name }) => name > after);
    const page = all.slice(0, readMaxResults(query.get("maxResults")));
    const last = page.at(-1);
    return {
        body: {
            kind: "storage#buckets",
            ...(page.length > 0 ? { items: page.map((bucket) => toBucketResource(bucket, baseUrl)) } : {}),
            ...(last !== undefined && page.length < all.length ? { nextPageToken: last.name } : {}),
        },
    };
}

function get(request: BucketRequest) {
    const bucket = requireBucket(request, "storage.buckets.get", "read");
    return { headers: { etag: etagOf(bucket) }, body: toBucketResource(bucket, request.baseUrl) };
}

async function patch(request: BucketRequest) {
    const body = await request.json<object>();
    const bucket = requireBucket(request, "storage.buckets.update", "write");
    const updated = await request.services.storage.buckets.patch(bucket, body, where(request));
    return { body: toBucketResource(updated, request.baseUrl) };
}

async function update(request: BucketRequest) {
    const body = await request.json<object>();
    const bucket = requireBucket(request, "storage.buckets.update", "write");
    const updated = await request.services.storage.buckets.replace(bucket, body, where(request));
    return { body: toBucketResource(updated, request.baseUrl) };
}

async function remove(request: BucketRequest) {
    const { storage } = request.services;
    const bucket = requireBucket(request, "storage.buckets.delete", "write");
    await storage.buckets.delete(bucket);
    await storage.objects.dropBucket(bucket.name);
    return {};
}

function getIamPolicy(request: BucketRequest) {
    const { policies } = request.services;
    const bucket = requireBucket(request, "storage.buckets.getIamPolicy");
    const policy = policies.get(bucketResource(bucket.name));
    const shown = policyForVersion(policy, request.query.get("optionsRequestedPolicyVersion"));
    return { body: { kind: "storage#policy", resourceId: bucketResource(bucket.name), ...shown } };
}

async function setIamPolicy(request: BucketRequest) {
    const { policies, serviceAccounts } = request.services;
    const input = await request.read(policySchema);
    const bucket = requireBucket(request, "storage.buckets.setIamPolicy");
    checkPolicy(input, (email) => serviceAccounts.exists(email));
    const bindings = input.bindings ?? [];
    checkPublicAccess(
        bucket,
        bindings.flatMap(({ members }) => members),
    );
    const uniform = bucket.settings.iamConfiguration?.uniformBucketLevelAccess?.enabled === true;
    if (!uniform && bindings.some(({ condition }) => condition !== undefined)) {
        throw invalid("Bucket policies with conditions need uniform bucket-level access on the bucket.");
    }
    const policy = await policies.set(bucketResource(bucket.name), input, conditionNotMet);
    return { body: { kind: "storage#policy", resourceId: bucketResource(bucket.name), ...policy } };
}

function testIamPermissions(request: BucketRequest) {
    const { services, principal, query, params } = request;
    const { name } = services.storage.buckets.get(params.bucket);
    const held = query
        .getAll("permissions")
        .filter((permission) => services.storage.access.can(principal, permission, name));
    return {
        body: { kind: "storage#testIamPermissionsResponse", ...(held.length > 0 ? { permissions: held } : {}) },
    };
}

function getStorageLayout(request: BucketRequest) {
    const bucket = requireBucket(request, "storage.objects.list");
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

function listAnywhereCaches(request: BucketRequest) {
    requireBucket(request, "storage.buckets.get");
    return { body: { kind: "storage#anywhereCaches" } };
}

async function getServiceAgent(request: ApiRequest<{ readonly project: string }>) {
    const { services, principal, params } = request;
    const { projectId, projectNumber } = await services.projects.get(params.project);
    services.storage.access.requireInProject(principal, "resourcemanager.projects.get", projectId);
    const email = `service-${projectNumber}@gs-project-accounts.iam.gserviceaccount.com`;
    return { body: { kind: "storage#serviceAccount", email_address: email } };
}

function requireBucket(request: BucketRequest, permission: string, preconditions?: "read" | "write"): Bucket {
    const { storage } = request.services;
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
