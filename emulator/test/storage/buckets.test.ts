import { TestEmulator } from "../../src/testing";

let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
});
afterAll(() => emulator.stop());

const insert = (body: object, project = "demo-project") =>
    emulator.call("POST", `/storage/v1/b?project=${project}`, { body });

describe("a new bucket", () => {
    it("is returned with Google's defaults", async () => {
        const answer = await insert({ name: "defaults-bucket", location: "us-central1" });
        expect(answer.status).toBe(200);
        expect(answer.json).toMatchObject({
            kind: "storage#bucket",
            id: "defaults-bucket",
            name: "defaults-bucket",
            location: "US-CENTRAL1",
            locationType: "region",
            storageClass: "STANDARD",
            metageneration: "1",
            projectNumber: expect.stringMatching(/^\d{12}$/),
            selfLink: `${emulator.url}/storage/v1/b/defaults-bucket`,
            timeCreated: expect.stringMatching(/^\d{4}-.*Z$/),
            softDeletePolicy: { retentionDurationSeconds: "604800", effectiveTime: expect.any(String) },
            iamConfiguration: { uniformBucketLevelAccess: { enabled: false }, publicAccessPrevention: "inherited" },
        });
    });

    it("keeps every setting of the stack's bucket", async () => {
        const settings = {
            storageClass: "STANDARD",
            labels: { stack: "dev", "run_by-2": "" },
            versioning: { enabled: true },
            lifecycle: {
                rule: [
                    { action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: 1, isLive: false } },
                    { action: { type: "Delete" }, condition: { age: 0 } },
                ],
            },
            softDeletePolicy: { retentionDurationSeconds: "0" },
        };
        const iamConfiguration = { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: "enforced" };
        await insert({ name: "stack-bucket", location: "EU", ...settings, iamConfiguration });
        const answer = await emulator.call("GET", "/storage/v1/b/stack-bucket");
        expect(answer.json).toMatchObject({
            ...settings,
            location: "EU",
            locationType: "multi-region",
            iamConfiguration: {
                publicAccessPrevention: "enforced",
                uniformBucketLevelAccess: { enabled: true, lockedTime: expect.any(String) },
                bucketPolicyOnly: { enabled: true },
            },
        });
    });

    it.each([
        ["ab", "3 to 63 characters"],
        ["a".repeat(64), "3 to 63 characters"],
        ["Upper-case", "only lower-case letters"],
        ["under_score_ok-but space", "only lower-case letters"],
        ["-hyphen", "begin and end with a letter or digit"],
        ["trailing-", "begin and end with a letter or digit"],
        ["192.168.5.4", "IP address"],
        ["goog-models", '"goog"'],
        ["my-google-data", '"google"'],
        ["my-g00gle-data", '"google"'],
        ["two..dots", "between dots"],
    ])("is rejected if its name is %s", async (name, rule) => {
        const answer = await insert({ name });
        expect(answer.status).toBe(400);
        expect(answer.at("error.message")).toContain(rule);
    });

    it.each([["abc"], ["a_b"], ["0-models-9"], ["models.example.com"], ["a".repeat(63)]])(
        "can be named %s",
        async (name) => {
            expect((await insert({ name })).status).toBe(200);
        },
    );

    it.each([
        [{ location: "Mars" }, "location"],
        [{ storageClass: "FAST" }, "storageClass"],
        [{ labels: { Upper: "x" } }, "labels"],
        [{ softDeletePolicy: { retentionDurationSeconds: "5" } }, "softDeletePolicy"],
        [{ versioning: { enabled: "yes" } }, "versioning.enabled"],
        [{ lifecycle: { rule: [{ action: { type: "Explode" }, condition: {} }] } }, "lifecycle.rule.0.action.type"],
    ])("is rejected with %j, and the error names the field", async (setting, field) => {
        const answer = await insert({ name: "refused-bucket", ...setting });
        expect(answer.status).toBe(400);
        expect(answer.at("error.message")).toContain(field);
    });

    it("cannot take the name of an existing bucket, whichever project that bucket is in", async () => {
        await insert({ name: "taken-bucket" });
        const own = await insert({ name: "taken-bucket" });
        const others = await insert({ name: "taken-bucket" }, "other-project");
        expect([own.status, others.status]).toEqual([409, 409]);
        expect(own.at("error.message")).toContain("you already own it");
        expect(others.at("error.message")).toContain("not available");
    });
});

describe("a bucket update", () => {
    beforeAll(async () => {
        await insert({ name: "patch-bucket", labels: { a: "1", b: "2" }, versioning: { enabled: true } });
    });

    it("merges a patch, and removes members that are null", async () => {
        const body = { labels: { a: null, c: "3" }, cors: null, retentionPolicy: null };
        const answer = await emulator.call("PATCH", "/storage/v1/b/patch-bucket", { body });
        expect(answer.status).toBe(200);
        expect(answer.json).toMatchObject({
            labels: { b: "2", c: "3" },
            versioning: { enabled: true },
            metageneration: "2",
        });
        expect(answer.at("labels.a")).toBeUndefined();
    });

    it("replaces all settings in a full update, and ignores output-only fields", async () => {
        const before = await emulator.call("GET", "/storage/v1/b/patch-bucket");
        const { versioning: _, ...body } = before.json as Record<string, unknown>;
        const answer = await emulator.call("PUT", "/storage/v1/b/patch-bucket", { body });
        expect(answer.status).toBe(200);
        expect(answer.at("versioning")).toBeUndefined();
        expect(answer.at("labels")).toEqual(before.at("labels"));
    });

    it("respects metageneration preconditions", async () => {
        const bucket = await emulator.call("GET", "/storage/v1/b/patch-bucket");
        const metageneration = Number(bucket.at("metageneration"));
        const path = "/storage/v1/b/patch-bucket?ifMetageneration";
        const stale = await emulator.call("PATCH", `${path}Match=${metageneration + 5}`, { body: {} });
        const unchanged = await emulator.call("GET", `${path}NotMatch=${metageneration}`);
        const current = await emulator.call("PATCH", `${path}Match=${metageneration}`, { body: {} });
        expect([stale.status, unchanged.status, current.status]).toEqual([412, 304, 200]);
        expect(stale.at("error.errors.0")).toMatchObject({ reason: "conditionNotMet" });
    });

    it.each([
        [{ location: "EU" }, "location"],
        [{ name: "renamed-bucket" }, "renamed"],
    ])("is rejected with %j", async (body, word) => {
        const answer = await emulator.call("PATCH", "/storage/v1/b/patch-bucket", { body });
        expect(answer.status).toBe(400);
        expect(answer.at("error.message")).toContain(word);
    });
});

describe("buckets of a project", () => {
    it("are listed in order of name, page by page", async () => {
        for (const name of ["list-c", "list-a", "list-b", "other-d"]) {
            await insert({ name }, "list-project");
        }
        const path = "/storage/v1/b?project=list-project&prefix=list-&maxResults=2";
        const first = await emulator.call("GET", path);
        const second = await emulator.call("GET", `${path}&pageToken=${first.at("nextPageToken")}`);
        const names = [first, second].map((page) => (page.at("items") as { name: string }[]).map(({ name }) => name));
        expect(names).toEqual([["list-a", "list-b"], ["list-c"]]);
        expect(second.at("nextPageToken")).toBeUndefined();
    });

    it("are returned as an empty list if the project has none", async () => {
        expect((await emulator.call("GET", "/storage/v1/b?project=empty-project")).json).toEqual({
            kind: "storage#buckets",
        });
    });
});

describe("deleting a bucket", () => {
    it("is rejected while the bucket contains any version, even a noncurrent one", async () => {
        await emulator.makeBucket("full-bucket", { versioning: { enabled: true } });
        const generation = (await emulator.upload("full-bucket", "a", "1")).at("generation");
        await emulator.call("DELETE", emulator.objectPath("full-bucket", "a"));
        const refused = await emulator.call("DELETE", "/storage/v1/b/full-bucket");
        expect(refused.status).toBe(409);
        expect(refused.at("error")).toMatchObject({
            message: "The bucket you tried to delete is not empty.",
            errors: [{ reason: "conflict" }],
        });

        await emulator.call("DELETE", emulator.objectPath("full-bucket", "a", `?generation=${generation}`));
        const deleted = await emulator.call("DELETE", "/storage/v1/b/full-bucket");
        expect([deleted.status, deleted.text]).toEqual([204, ""]);
        expect((await emulator.call("GET", "/storage/v1/b/full-bucket")).status).toBe(404);
    });

    it("works with the provider's forceDestroy, which requests the list of caches with a trailing slash", async () => {
        await emulator.makeBucket("caches-bucket");
        const answer = await emulator.call("GET", "/storage/v1/b/caches-bucket/anywhereCaches/");
        expect(answer.json).toEqual({ kind: "storage#anywhereCaches" });
    });
});
