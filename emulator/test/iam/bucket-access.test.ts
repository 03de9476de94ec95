import { mintToken } from "../../src/iam/tokens";
import { type Answer, type Call, TestEmulator } from "../../src/testing";

const PROJECT_ID = "demo-project";
const EMAIL = `trainer@${PROJECT_ID}.iam.gserviceaccount.com`;
const BUCKET = "access-bucket";
const POLICY = `/storage/v1/b/${BUCKET}/iam`;
const MEMBER = `serviceAccount:${EMAIL}`;
let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
    await emulator.makeBucket(BUCKET);
    await emulator.call("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, { body: { accountId: "trainer" } });
    for (const name of ["data/iris.csv", "runs/r-1/status.json", "other/secret"]) {
        await emulator.upload(BUCKET, name, name);
    }
});
afterAll(() => emulator.stop());

const asTrainer = (method: string, path: string, call: Call = {}) =>
    emulator.call(method, path, { ...call, token: mintToken(EMAIL).accessToken });
const object = (name: string, query = "") => emulator.objectPath(BUCKET, name, query);
const under = (prefix: string) => ({
    title: prefix,
    expression: `resource.name.startsWith("projects/_/buckets/${BUCKET}/objects/${prefix}")`,
});

/** Replaces the bucket's entire policy. */
async function bind(...bindings: object[]): Promise<Answer> {
    return emulator.call("PUT", POLICY, { body: { version: 3, bindings } });
}

describe("a service account", () => {
    it("has no access without a grant, and receives Google's 403", async () => {
        await bind();
        const answer = await asTrainer("GET", object("data/iris.csv"));
        expect(answer.json).toEqual({
            error: {
                code: 403,
                message:
                    `${EMAIL} does not have storage.objects.get access to the Google Cloud Storage object. ` +
                    "Permission 'storage.objects.get' denied on resource (or it may not exist).",
                errors: [{ message: expect.any(String), domain: "global", reason: "forbidden" }],
            },
        });
    });

    describe("with the stack's grants", () => {
        beforeAll(() =>
            bind(
                { role: "roles/storage.legacyBucketReader", members: [MEMBER] },
                { role: "roles/storage.objectViewer", members: [MEMBER], condition: under("data/") },
                { role: "roles/storage.objectUser", members: [MEMBER], condition: under("runs/") },
            ),
        );

        it.each<[string, number, () => Promise<Answer>]>([
            ["read data", 200, () => asTrainer("GET", object("data/iris.csv", "?alt=media"))],
            ["list names", 200, () => asTrainer("GET", `/storage/v1/b/${BUCKET}/o?prefix=other/`)],
            ["read the bucket's settings", 200, () => asTrainer("GET", `/storage/v1/b/${BUCKET}`)],
            ["learn that a run's object is missing", 404, () => asTrainer("GET", object("runs/r-2/status.json"))],
            ["write below runs", 200, () => upload("runs/r-1/model/model.json")],
            ["overwrite below runs", 200, () => upload("runs/r-1/status.json")],
            ["change metadata below runs", 200, () => asTrainer("PATCH", object("runs/r-1/status.json"), { body: {} })],
            ["delete below runs", 204, () => asTrainer("DELETE", object("runs/r-1/model/model.json"))],
        ])("may %s", async (_, status, call) => {
            expect((await call()).status).toBe(status);
        });

        it.each<[string, string, () => Promise<Answer>]>([
            ["read outside its prefixes", "storage.objects.get", () => asTrainer("GET", object("other/secret"))],
            [
                "learn which objects are missing outside its prefixes",
                "storage.objects.get",
                () => asTrainer("GET", object("other/missing")),
            ],
            ["write data", "storage.objects.create", () => upload("data/iris.csv")],
            ["delete data", "storage.objects.delete", () => asTrainer("DELETE", object("data/iris.csv"))],
            ["change data", "storage.objects.update", () => asTrainer("PATCH", object("data/iris.csv"), { body: {} })],
            ["copy secrets out", "storage.objects.get", () => copy("other/secret", "runs/stolen")],
            ["overwrite data with a copy", "storage.objects.create", () => copy("data/iris.csv", "data/copy")],
            [
                "change the bucket",
                "storage.buckets.update",
                () => asTrainer("PATCH", `/storage/v1/b/${BUCKET}`, { body: {} }),
            ],
            ["delete the bucket", "storage.buckets.delete", () => asTrainer("DELETE", `/storage/v1/b/${BUCKET}`)],
            ["read the policy", "storage.buckets.getIamPolicy", () => asTrainer("GET", POLICY)],
            ["set the policy", "storage.buckets.setIamPolicy", () => asTrainer("PUT", POLICY, { body: {} })],
            ["list buckets", "storage.buckets.list", () => asTrainer("GET", `/storage/v1/b?project=${PROJECT_ID}`)],
            [
                "create buckets",
                "storage.buckets.create",
                () => asTrainer("POST", `/storage/v1/b?project=${PROJECT_ID}`, { body: { name: "own-bucket" } }),
            ],
            [
                "read the project's policy",
                "resourcemanager.projects.getIamPolicy",
                () => asTrainer("POST", `/v1/projects/${PROJECT_ID}:getIamPolicy`),
            ],
            [
                "create accounts",
                "iam.serviceAccounts.create",
                () =>
                    asTrainer("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, { body: { accountId: "another" } }),
            ],
            ["enable services", "serviceusage.services.enable", () => asTrainer("POST", enable)],
        ])("may not %s", async (_, permission, call) => {
            const answer = await call();
            expect(answer.status).toBe(403);
            const message = permission.startsWith("resourcemanager.")
                ? "The caller does not have permission"
                : `'${permission}' denied on resource`;
            expect(answer.at("error.message")).toContain(message);
        });

        it("can check its own permissions", async () => {
            const asked =
                "permissions=storage.objects.list&permissions=storage.objects.get&permissions=storage.buckets.get";
            const answer = await asTrainer("GET", `${POLICY}/testPermissions?${asked}`);
            expect(answer.at("permissions")).toEqual(["storage.objects.list", "storage.buckets.get"]);
        });

        const upload = (name: string) =>
            emulator.upload(BUCKET, name, "x", "", { token: mintToken(EMAIL).accessToken });
        const copy = (from: string, to: string) =>
            asTrainer("POST", `${object(from)}/copyTo/b/${BUCKET}/o/${encodeURIComponent(to)}`);
        const enable = `/v1/projects/${PROJECT_ID}/services/compute.googleapis.com:enable`;
    });

    it("without storage.objects.list, gets 403 instead of 404 for a missing object", async () => {
        await bind({ role: "roles/storage.objectUser", members: [MEMBER], condition: under("runs/") });
        const answers = await Promise.all([
            asTrainer("GET", object("runs/missing")),
            asTrainer("DELETE", object("runs/missing")),
            asTrainer("GET", object("runs/r-1/status.json")),
        ]);
        expect(answers.map(({ status }) => status)).toEqual([403, 403, 200]);
    });

    it("needs both create and delete permission to overwrite an object", async () => {
        await bind({ role: "roles/storage.objectCreator", members: [MEMBER] });
        const token = mintToken(EMAIL).accessToken;
        expect((await emulator.upload(BUCKET, "runs/new", "1", "", { token })).status).toBe(200);
        const again = await emulator.upload(BUCKET, "runs/new", "2", "", { token });
        expect(again.at("error.message")).toContain("storage.objects.delete");
    });

    it("can use a project-level grant in every bucket in the project", async () => {
        await bind();
        const body = { policy: { bindings: [{ role: "roles/storage.objectViewer", members: [MEMBER] }] } };
        await emulator.call("POST", `/v1/projects/${PROJECT_ID}:setIamPolicy`, { body });
        expect((await asTrainer("GET", object("other/secret"))).status).toBe(200);
        await emulator.makeBucket("foreign-bucket", {}, "other-project");
        expect((await asTrainer("GET", "/storage/v1/b/foreign-bucket/o")).status).toBe(403);
        await emulator.call("POST", `/v1/projects/${PROJECT_ID}:setIamPolicy`, { body: { policy: {} } });
    });

    it("gets access through the bucket's default bindings if it has a basic role", async () => {
        await emulator.makeBucket("basic-bucket");
        await emulator.upload("basic-bucket", "a", "1");
        const set = (role: string) =>
            emulator.call("POST", `/v1/projects/${PROJECT_ID}:setIamPolicy`, {
                body: { policy: { bindings: [{ role, members: [MEMBER] }] } },
            });
        await set("roles/viewer");
        expect((await asTrainer("GET", emulator.objectPath("basic-bucket", "a"))).status).toBe(200);
        expect((await asTrainer("DELETE", emulator.objectPath("basic-bucket", "a"))).status).toBe(403);
        await set("roles/editor");
        expect((await asTrainer("DELETE", emulator.objectPath("basic-bucket", "a"))).status).toBe(204);
        await emulator.call("POST", `/v1/projects/${PROJECT_ID}:setIamPolicy`, { body: { policy: {} } });
    });

    it("has no access while it is disabled", async () => {
        await bind({ role: "roles/storage.objectViewer", members: [MEMBER] });
        const account = `/v1/projects/${PROJECT_ID}/serviceAccounts/${EMAIL}`;
        await emulator.call("POST", `${account}:disable`);
        expect((await asTrainer("GET", object("data/iris.csv"))).status).toBe(403);
        await emulator.call("POST", `${account}:enable`);
        expect((await asTrainer("GET", object("data/iris.csv"))).status).toBe(200);
    });
});

describe("the policy of a bucket", () => {
    it("initially contains the project's owners, editors and viewers", async () => {
        await emulator.makeBucket("fresh-bucket");
        const answer = await emulator.call("GET", "/storage/v1/b/fresh-bucket/iam");
        expect(answer.json).toMatchObject({
            kind: "storage#policy",
            resourceId: "projects/_/buckets/fresh-bucket",
            version: 1,
        });
        expect(answer.at("bindings")).toContainEqual({
            role: "roles/storage.legacyBucketOwner",
            members: [`projectEditor:${PROJECT_ID}`, `projectOwner:${PROJECT_ID}`],
        });
    });

    it("changes its etag with every write, and returns 412 for a stale etag", async () => {
        const before = await emulator.call("GET", POLICY);
        const body = {
            ...(before.json as object),
            bindings: [{ role: "roles/storage.objectViewer", members: [MEMBER] }],
        };
        const first = await emulator.call("PUT", POLICY, { body });
        const second = await emulator.call("PUT", POLICY, { body });
        expect([first.status, second.status]).toEqual([200, 412]);
        expect(first.at("etag")).not.toBe(before.at("etag"));
        expect(second.at("error.errors.0.reason")).toBe("conditionNotMet");
    });

    it("can be emptied", async () => {
        expect((await bind()).json).toMatchObject({ bindings: [], etag: expect.any(String) });
    });

    it("shows conditions only to callers that request version 3", async () => {
        await bind({ role: "roles/storage.objectViewer", members: [MEMBER], condition: under("data/") });
        const plain = await emulator.call("GET", POLICY);
        const full = await emulator.call("GET", `${POLICY}?optionsRequestedPolicyVersion=3`);
        expect(plain.at("bindings.0")).toEqual({
            role: expect.stringMatching(/_withcond_[0-9a-f]{20}$/),
            members: [MEMBER],
        });
        expect(full.at("bindings.0.condition")).toEqual(under("data/"));
    });

    it("merges bindings for the same role and drops duplicate members", async () => {
        const role = "roles/storage.objectViewer";
        const answer = await bind(
            { role, members: [MEMBER, "allUsers"] },
            { role, members: [MEMBER] },
            { role, members: [] },
        );
        expect(answer.at("bindings")).toEqual([{ role, members: ["allUsers", MEMBER] }]);
    });

    const viewer = "roles/storage.objectViewer";
    it.each<[string, number, object, string]>([
        [
            "an unknown role",
            501,
            { bindings: [{ role: "roles/storage.folderAdmin", members: [MEMBER] }] },
            "roles/storage.folderAdmin",
        ],
        ["a malformed role", 400, { bindings: [{ role: "viewer", members: [MEMBER] }] }, '"viewer"'],
        ["a member of unknown type", 400, { bindings: [{ role: viewer, members: ["robot:x"] }] }, "robot:x"],
        [
            "an account that does not exist",
            400,
            { bindings: [{ role: viewer, members: [`serviceAccount:gone@${PROJECT_ID}.iam.gserviceaccount.com`] }] },
            "does not exist",
        ],
        [
            "a condition without version 3",
            400,
            { bindings: [{ role: viewer, members: [MEMBER], condition: under("data/") }] },
            "version 3",
        ],
        [
            "a condition that is not CEL",
            400,
            {
                version: 3,
                bindings: [{ role: viewer, members: [MEMBER], condition: { expression: "resource.name =" } }],
            },
            "not valid CEL",
        ],
        [
            "a condition with an attribute that is not emulated",
            501,
            {
                version: 3,
                bindings: [{ role: viewer, members: [MEMBER], condition: { expression: 'resource.zone == "x"' } }],
            },
            "resource.zone",
        ],
        [
            "a condition that is not boolean",
            400,
            { version: 3, bindings: [{ role: viewer, members: [MEMBER], condition: { expression: "resource.name" } }] },
            "bool",
        ],
        ["an audit configuration", 501, { auditConfigs: [{ service: "allServices" }] }, "auditConfigs"],
    ])("rejects %s with %i", async (_, status, body, word) => {
        const answer = await emulator.call("PUT", POLICY, { body });
        expect(answer.status).toBe(status);
        expect(answer.at("error.message")).toContain(word);
    });

    it("cannot make a bucket public if public access prevention is enforced", async () => {
        await emulator.makeBucket("private-bucket", { iamConfiguration: { publicAccessPrevention: "enforced" } });
        const body = { bindings: [{ role: viewer, members: ["allUsers"] }] };
        expect((await emulator.call("PUT", "/storage/v1/b/private-bucket/iam", { body })).status).toBe(412);
    });

    it("requires uniform access for conditions", async () => {
        await emulator.makeBucket("acl-bucket", { iamConfiguration: {} });
        const body = { version: 3, bindings: [{ role: viewer, members: [MEMBER], condition: under("data/") }] };
        const answer = await emulator.call("PUT", "/storage/v1/b/acl-bucket/iam", { body });
        expect(answer.at("error.message")).toContain("uniform bucket-level access");
    });
});
