import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Bucket, Storage } from "@google-cloud/storage";
import { ApiServer } from "../../src/http/server";
import { mintToken } from "../../src/iam/tokens";
import { createServices, type Services } from "../../src/services";
import { storageRoutes } from "../../src/storage/routes";
import { TestEmulator } from "../../src/testing";

const EMAIL = "trainer@demo-project.iam.gserviceaccount.com";
const content = randomBytes(700_000);
let folder: string;

beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "client-test-"));
    await writeFile(path.join(folder, "content"), content);
});
afterAll(() => rm(folder, { recursive: true }));

/** Exercises a bucket with the real client's common operations. */
async function exercise(bucket: Bucket): Promise<void> {
    const status = bucket.file("runs/r-1/status.json");
    await status.save("{}", {
        resumable: false,
        contentType: "application/json",
        preconditionOpts: { ifGenerationMatch: 0 },
    });
    await expect(
        status.save("{}", { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } }),
    ).rejects.toMatchObject({
        code: 412,
        errors: [{ reason: "conditionNotMet" }],
    });

    const local = path.join(folder, "content");
    await bucket.upload(local, { destination: "runs/r-1/whole", resumable: true });
    await bucket.upload(local, {
        destination: "runs/r-1/chunks",
        resumable: true,
        chunkSize: 256 * 1024,
        validation: "crc32c",
    });
    const target = path.join(folder, "downloaded");
    await bucket.file("runs/r-1/chunks").download({ destination: target, validation: "crc32c" });
    // toEqual would take a second for this many bytes.
    expect(content.equals(await readFile(target))).toBe(true);
    const [part] = await bucket.file("runs/r-1/whole").download({ start: 10, end: 19 });
    expect(part).toEqual(content.subarray(10, 20));

    const [page, next] = await bucket.getFiles({ prefix: "runs/", maxResults: 2, autoPaginate: false });
    const [rest] = await bucket.getFiles({ ...next });
    const names = [...page, ...rest].map(({ name }) => name);
    expect(names).toEqual(["runs/r-1/chunks", "runs/r-1/status.json", "runs/r-1/whole"]);
    expect(await bucket.file("runs/missing").exists()).toEqual([false]);
}

describe("@google-cloud/storage with apiEndpoint and a token, as the developer,", () => {
    let emulator: TestEmulator;
    let storage: Storage;

    beforeAll(async () => {
        emulator = await TestEmulator.start();
        storage = new Storage({ apiEndpoint: emulator.url, projectId: "demo-project" });
        // The client does not send credentials to a custom endpoint, and useAuthWithCustomEndpoint does not cover
        // resumable uploads.
        storage.interceptors.push({
            request: (options) => {
                const uri = String("uri" in options ? options.uri : options.url);
                return { ...options, uri, headers: { ...options.headers, Authorization: "Bearer developer" } };
            },
        });
    });
    afterAll(() => emulator.stop());

    it("creates a bucket, uses it and deletes it with all versions", async () => {
        const [bucket] = await storage.createBucket("client-bucket", {
            location: "us-central1",
            versioning: { enabled: true },
            iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
        });
        await exercise(bucket);
        await bucket.file("runs/r-1/whole").copy(bucket.file("data/copy"));
        const [metadata] = await bucket.file("data/copy").setMetadata({ metadata: { rows: "3" } });
        expect(metadata).toMatchObject({ size: "700000", metadata: { rows: "3" } });
        await bucket.setLabels({ stack: "dev" });
        const [buckets] = await storage.getBuckets();
        expect(buckets.map(({ name }) => name)).toEqual(["client-bucket"]);
        await bucket.deleteFiles({ versions: true });
        await bucket.delete();
        await expect(bucket.get()).rejects.toMatchObject({ code: 404 });
    });

    it("changes a bucket's IAM policy", async () => {
        const [bucket] = await storage.createBucket("policy-bucket", {
            iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
        });
        const [policy] = await bucket.iam.getPolicy({ requestedPolicyVersion: 3 });
        const condition = {
            title: "data",
            expression: 'resource.name.startsWith("projects/_/buckets/policy-bucket/objects/data/")',
        };
        policy.bindings.push({ role: "roles/storage.objectViewer", members: ["allUsers"], condition });
        await bucket.iam.setPolicy({ ...policy, version: 3 });
        const [changed] = await bucket.iam.getPolicy({ requestedPolicyVersion: 3 });
        expect(changed).toMatchObject({ version: 3 });
        expect(changed.bindings).toContainEqual({
            role: "roles/storage.objectViewer",
            members: ["allUsers"],
            condition,
        });
        await expect(bucket.iam.setPolicy({ ...policy, version: 3 })).rejects.toMatchObject({ code: 412 });
    });
});

describe("@google-cloud/storage under STORAGE_EMULATOR_HOST, as a VM's service account,", () => {
    let server: ApiServer;
    let services: Services;

    beforeAll(async () => {
        services = createServices({ dataDir: path.join(folder, "vm"), runtime: "process" }, "developer");
        // As on a VM's own endpoint, a request without a token counts as one from the VM's service account.
        server = await ApiServer.start({
            routes: storageRoutes(services),
            authenticate: () => ({ kind: "serviceAccount", email: EMAIL }),
        });
        await services.projects.get("demo-project");
        await services.iam.serviceAccounts.create("demo-project", "trainer", {});
        await services.storage.buckets.insert("demo-project", { name: "vm-bucket", location: "US" });
        const startsWith = 'resource.name.startsWith("projects/_/buckets/vm-bucket/objects/runs/")';
        await services.iam.policies.set("projects/_/buckets/vm-bucket", {
            version: 3,
            bindings: [
                { role: "roles/storage.legacyBucketReader", members: [`serviceAccount:${EMAIL}`] },
                {
                    role: "roles/storage.objectUser",
                    members: [`serviceAccount:${EMAIL}`],
                    condition: { expression: startsWith },
                },
            ],
        });
        process.env.STORAGE_EMULATOR_HOST = server.url;
    });
    afterAll(async () => {
        delete process.env.STORAGE_EMULATOR_HOST;
        await server.stop();
        await services.storage.stop();
        await services.documents.flush();
    });

    it("can do what the account is allowed to do", async () => {
        await exercise(new Storage({ projectId: "demo-project" }).bucket("vm-bucket"));
    });

    it.each([[true], [false]])(
        "is denied everything else, with Google's message (resumable: %s)",
        async (resumable) => {
            const file = new Storage({ projectId: "demo-project" }).bucket("vm-bucket").file("data/x");
            await expect(file.save("x", { resumable })).rejects.toThrow(
                resumable
                    ? /status code 403/
                    : `${EMAIL} does not have storage.objects.create access to the Google Cloud Storage object. ` +
                          "Permission 'storage.objects.create' denied on resource (or it may not exist).",
            );
        },
    );
});

describe("a token from the metadata server", () => {
    it("authenticates as its account on the main port", async () => {
        const emulator = await TestEmulator.start();
        await emulator.makeBucket("token-bucket");
        const { accessToken, expiresInSeconds } = mintToken(EMAIL);
        expect(expiresInSeconds).toBe(3600);
        expect((await emulator.call("GET", "/storage/v1/b/token-bucket", { token: accessToken })).status).toBe(403);
        await emulator.stop();
    });
});
