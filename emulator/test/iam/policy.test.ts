import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Principal } from "../../src/http/types";
import { PolicyStore } from "../../src/iam/policy";
import { checkPolicy } from "../../src/iam/policy-schema";
import { DocumentStore } from "../../src/store/documents";

const trainer: Principal = { kind: "serviceAccount", email: "trainer@p.iam.gserviceaccount.com" };
const member = "serviceAccount:trainer@p.iam.gserviceaccount.com";
const repository = "projects/demo-project/locations/us-central1/repositories/images";
let folder: string;

beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "policy-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

function policies(grantDelayMs = 0): PolicyStore {
    return new PolicyStore(new DocumentStore(folder), {
        grantDelayMs,
        projectOfBucket: () => "demo-project",
        projectNumber: () => "123456789012",
        isActiveAccount: () => true,
    });
}

describe("a policy", () => {
    it("applies only to its repository and the contents of that repository", async () => {
        const store = policies();
        await store.set(repository, { bindings: [{ role: "roles/artifactregistry.reader", members: [member] }] });
        const pull = "artifactregistry.repositories.downloadArtifacts";
        expect(store.check(trainer, pull, repository)).toBe(true);
        expect(store.check(trainer, pull, `${repository}/dockerImages/trainer@sha256:0`)).toBe(true);
        expect(store.check(trainer, pull, `${repository}-2`)).toBe(false);
        expect(store.check(trainer, "artifactregistry.repositories.uploadArtifacts", repository)).toBe(false);
    });

    it("applies to everything in its project", async () => {
        const store = policies();
        await store.set("projects/demo-project", {
            bindings: [{ role: "roles/logging.logWriter", members: [member] }],
        });
        expect(store.check(trainer, "logging.logEntries.create", "projects/demo-project")).toBe(true);
        expect(store.check(trainer, "logging.logEntries.create", "projects/other-project")).toBe(false);
    });

    it("returns 409 for a stale etag by default, and accepts a missing etag", async () => {
        const store = policies();
        const { etag } = await store.set(repository, { bindings: [] });
        await store.set(repository, { etag, bindings: [] });
        await expect(store.set(repository, { etag, bindings: [] })).rejects.toMatchObject({
            code: 409,
            status: "ABORTED",
        });
        await expect(store.set(repository, { bindings: [] })).resolves.toMatchObject({ version: 1 });
    });

    it("accepts only one of two concurrent writers with the same etag", async () => {
        const store = policies();
        const { etag } = await store.set(repository, { bindings: [] });
        const both = await Promise.allSettled([store.set(repository, { etag }), store.set(repository, { etag })]);
        expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    });

    it("evaluates conditions when a request arrives, and grants nothing if the evaluation fails", async () => {
        const store = policies();
        const until = { expression: 'request.time < timestamp("2030-01-01T00:00:00Z")' };
        const broken = { expression: "1 / 0 == 1" };
        const role = "roles/storage.objectViewer";
        const object = "projects/_/buckets/b/objects/x";
        await store.set("projects/_/buckets/b", { bindings: [{ role, members: [member], condition: until }] });
        expect(store.check(trainer, "storage.objects.get", object, Date.parse("2029-12-31"))).toBe(true);
        expect(store.check(trainer, "storage.objects.get", object, Date.parse("2030-01-02"))).toBe(false);
        await store.set("projects/_/buckets/b", { bindings: [{ role, members: [member], condition: broken }] });
        expect(store.check(trainer, "storage.objects.get", object)).toBe(false);
    });

    it("delays grants if a delay is configured, but applies revocations immediately", async () => {
        const store = policies(60_000);
        const bindings = [{ role: "roles/artifactregistry.reader", members: [member] }];
        const permission = "artifactregistry.repositories.get";
        const before = Date.now();
        await store.set(repository, { bindings });
        // Writing the same grant again does not restart the delay.
        await store.set(repository, { bindings: [...bindings, { role: "roles/viewer", members: ["allUsers"] }] });
        expect(store.check(trainer, permission, repository, before + 59_999)).toBe(false);
        expect(policies(60_000).check(trainer, permission, repository, Date.now() + 60_000)).toBe(true);
        await store.set(repository, { bindings: [] });
        expect(store.check(trainer, permission, repository, Date.now() + 60_000)).toBe(false);
    });

    it("applies to anonymous callers if it names allUsers", async () => {
        const store = policies();
        await store.set(repository, { bindings: [{ role: "roles/artifactregistry.reader", members: ["allUsers"] }] });
        expect(store.check({ kind: "anonymous" }, "artifactregistry.repositories.get", repository)).toBe(true);
        await store.set(repository, {
            bindings: [{ role: "roles/artifactregistry.reader", members: ["allAuthenticatedUsers"] }],
        });
        expect(store.check({ kind: "anonymous" }, "artifactregistry.repositories.get", repository)).toBe(false);
        expect(store.check(trainer, "artifactregistry.repositories.get", repository)).toBe(true);
    });
});

describe("the role", () => {
    const grant = (role: string, resource: string) => () =>
        checkPolicy({ bindings: [{ role, members: [member] }] }, resource, () => true);

    it.each([
        ["roles/storage.legacyBucketReader", "projects/p"],
        ["roles/viewer", "projects/_/buckets/b"],
        ["roles/artifactregistry.reader", "projects/_/buckets/b"],
        ["roles/logging.logWriter", "projects/p/secrets/s"],
        ["roles/storage.objectUser", "projects/p/locations/l/repositories/r"],
        ["roles/secretmanager.secretAccessor", "projects/p/serviceAccounts/a"],
    ])("%s cannot be granted on %s", (role, resource) => {
        expect(grant(role, resource)).toThrow(`Role ${role} is not supported for this resource.`);
    });

    it.each([
        ["roles/storage.legacyBucketReader", "projects/_/buckets/b"],
        ["roles/storage.objectUser", "projects/p"],
        ["roles/iam.serviceAccountUser", "projects/p/serviceAccounts/a"],
        ["roles/secretmanager.secretAccessor", "projects/p/secrets/s"],
    ])("%s can be granted on %s", (role, resource) => {
        expect(grant(role, resource)).not.toThrow();
    });
});
