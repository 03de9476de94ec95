import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { mintToken } from "../../src/iam/tokens";
import { TestEmulator } from "../../src/testing";

const PROJECT_ID = "demo-project";
const SECRETS = `/v1/projects/${PROJECT_ID}/secrets`;
const SCOPES = ["https://www.googleapis.com/auth/cloud-platform"];
const READER = `reader@${PROJECT_ID}.iam.gserviceaccount.com`;
const ROLE = "roles/secretmanager.secretAccessor";

let emulator: TestEmulator;

beforeEach(async () => {
    emulator = await TestEmulator.start();
});
afterEach(() => emulator.stop());

const AUTOMATIC = { replication: { automatic: {} } };
const create = (id: string, body: object = AUTOMATIC) => emulator.call("POST", `${SECRETS}?secretId=${id}`, { body });
const base64 = (text: string) => Buffer.from(text).toString("base64");
const addVersion = (id: string, value: string) =>
    emulator.call("POST", `${SECRETS}/${id}:addVersion`, { body: { payload: { data: base64(value) } } });
const access = (id: string, version: string | number, token?: string | null) =>
    emulator.call("GET", `${SECRETS}/${id}/versions/${version}:access`, token === undefined ? {} : { token });
const change = (id: string, version: number, verb: string, body: object = {}) =>
    emulator.call("POST", `${SECRETS}/${id}/versions/${version}:${verb}`, { body });

async function projectNumber(): Promise<string> {
    return String((await emulator.call("GET", `/v1/projects/${PROJECT_ID}`)).at("projectNumber"));
}

/** Grants READER access to a secret. */
async function grant(id: string, expression?: string): Promise<void> {
    const condition = expression === undefined ? {} : { condition: { title: "only", expression } };
    const bindings = [{ role: ROLE, members: [`serviceAccount:${READER}`], ...condition }];
    const body = { policy: { version: expression === undefined ? 1 : 3, bindings } };
    const answer = await emulator.call("POST", `${SECRETS}/${id}:setIamPolicy`, { body });
    expect(answer.status).toBe(200);
}

const makeReader = () =>
    emulator.call("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, { body: { accountId: "reader" } });

describe("a secret", () => {
    it("has the project number in its name and keeps the settings it was created with", async () => {
        const body = {
            replication: { userManaged: { replicas: [{ location: "us-central1" }] } },
            labels: { team: "research" },
            annotations: { note: "for tests" },
        };
        const created = await create("api-key", body);
        const name = `projects/${await projectNumber()}/secrets/api-key`;
        expect(created.json).toEqual({ ...body, name, createTime: expect.any(String), etag: expect.any(String) });
        expect((await emulator.call("GET", `${SECRETS}/api-key`)).json).toEqual(created.json);
        expect((await emulator.call("GET", `/v1/${name}`)).json).toEqual(created.json);
        expect((await emulator.call("GET", SECRETS)).json).toEqual({ secrets: [created.json], totalSize: 1 });
    });

    it.each<[number, string, string, object]>([
        [400, "no replication", "a", {}],
        [
            400,
            "two replications",
            "a",
            { replication: { automatic: {}, userManaged: { replicas: [{ location: "x" }] } } },
        ],
        [400, "an invalid id", "a.b", AUTOMATIC],
        [409, "an id in use", "taken", AUTOMATIC],
        [501, "a rotation", "a", { ...AUTOMATIC, rotation: { rotationPeriod: "3600s" } }],
        [400, "a key without a name", "a", { replication: { automatic: { customerManagedEncryption: {} } } }],
    ])("returns %s for %s", async (status, _what, id, body) => {
        await create("taken");
        expect((await create(id, body)).status).toBe(status);
    });

    it("changes only the fields in the update mask", async () => {
        await create("a", { ...AUTOMATIC, labels: { x: "1" }, annotations: { y: "2" } });
        const body = { labels: { x: "3" }, annotations: {} };
        const patched = await emulator.call("PATCH", `${SECRETS}/a?updateMask=labels`, { body });
        expect(patched.json).toMatchObject({ labels: { x: "3" }, annotations: { y: "2" } });
        expect((await emulator.call("PATCH", `${SECRETS}/a`, { body })).status).toBe(400);
        expect((await emulator.call("PATCH", `${SECRETS}/a?updateMask=ttl`, { body })).status).toBe(501);
    });

    it("is deleted with its versions and its policy", async () => {
        await makeReader();
        await create("a");
        await addVersion("a", "one");
        await grant("a");
        expect((await emulator.call("DELETE", `${SECRETS}/a?etag=stale`)).status).toBe(409);
        expect((await emulator.call("DELETE", `${SECRETS}/a`)).status).toBe(200);
        expect((await emulator.call("GET", `${SECRETS}/a`)).status).toBe(404);
        expect((await emulator.call("GET", `${SECRETS}/a:getIamPolicy`)).status).toBe(404);
        await create("a");
        expect((await access("a", 1)).status).toBe(404);
        expect((await emulator.call("GET", `${SECRETS}/a:getIamPolicy`)).at("bindings")).toEqual([]);
    });

    it("is listed in the inventory with its billed versions", async () => {
        await create("a");
        await addVersion("a", "one");
        await addVersion("a", "two");
        await change("a", 1, "destroy");
        expect(await emulator.inventory()).toEqual([
            { kind: "secret", name: `projects/${PROJECT_ID}/secrets/a (1 of 2 versions)` },
        ]);
    });
});

describe("a version of a secret", () => {
    beforeEach(async () => {
        await create("a");
    });

    it("is numbered from 1, returns its payload with a checksum, and cannot be changed", async () => {
        const name = `projects/${await projectNumber()}/secrets/a`;
        const value = 'two lines\n"quotes" and $HOME, ünïcode\n\n';
        expect((await addVersion("a", value)).json).toMatchObject({
            name: `${name}/versions/1`,
            state: "ENABLED",
            replicationStatus: { automatic: {} },
        });
        expect((await addVersion("a", "123456789")).at("name")).toBe(`${name}/versions/2`);
        expect((await access("a", 1)).at("payload.data")).toBe(base64(value));
        expect((await access("a", "latest")).json).toEqual({
            name: `${name}/versions/2`,
            // The standard CRC32C check value.
            payload: { data: base64("123456789"), dataCrc32c: String(0xe3069283) },
        });
        const listed = await emulator.call("GET", `${SECRETS}/a/versions?pageSize=1`);
        expect([listed.at("versions.0.name"), listed.at("totalSize")]).toEqual([`${name}/versions/2`, 2]);
        const rest = await emulator.call("GET", `${SECRETS}/a/versions?pageToken=${listed.at("nextPageToken")}`);
        expect(rest.at("versions.0.name")).toBe(`${name}/versions/1`);
    });

    it.each<[string, object]>([
        ["empty", { payload: { data: "" } }],
        ["missing", {}],
        ["over 64 KiB", { payload: { data: base64("x".repeat(65_537)) } }],
        ["not base64", { payload: { data: "§" } }],
        ["damaged", { payload: { data: base64("123456789"), dataCrc32c: "1" } }],
    ])("is rejected if its payload is %s", async (_what, body) => {
        expect((await emulator.call("POST", `${SECRETS}/a:addVersion`, { body })).status).toBe(400);
    });

    it("can hold 64 KiB", async () => {
        await addVersion("a", "x".repeat(65_536));
        expect((await access("a", 1)).at("payload.data")).toBe(base64("x".repeat(65_536)));
    });

    it("returns its payload only while it is enabled", async () => {
        await addVersion("a", "one");
        expect((await change("a", 1, "disable")).at("state")).toBe("DISABLED");
        const refused = await access("a", 1);
        expect([refused.status, refused.at("error.status"), refused.at("error.message")]).toEqual([
            400,
            "FAILED_PRECONDITION",
            expect.stringContaining("is in DISABLED state"),
        ]);
        await change("a", 1, "enable");
        expect((await access("a", 1)).status).toBe(200);
        expect((await change("a", 1, "destroy", { etag: "stale" })).status).toBe(409);
        const destroyed = await change("a", 1, "destroy");
        expect(destroyed.json).toMatchObject({ state: "DESTROYED", destroyTime: expect.any(String) });
        expect((await access("a", 1)).at("error.message")).toContain("is in DESTROYED state");
        expect((await change("a", 1, "enable")).at("error.status")).toBe("FAILED_PRECONDITION");
    });

    it("survives a restart, in files that only their owner can read", async () => {
        await addVersion("a", "kept");
        await emulator.restart();
        expect((await access("a", 1)).at("payload.data")).toBe(base64("kept"));
        const folder = path.join(emulator.dataDir, "secret-manager");
        const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
            .map((name) => path.join(folder, name))
            .filter((file) => statSync(file).isFile());
        expect(files.map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
        expect(files.some((file) => readFileSync(file, "utf8").includes(base64("kept")))).toBe(true);
        await change("a", 1, "destroy");
        expect(readdirSync(path.join(folder, "payloads"))).toEqual([]);
    });
});

describe("the payload of a secret", () => {
    let token: string;

    beforeEach(async () => {
        await makeReader();
        token = mintToken(READER, SCOPES).accessToken;
        for (const id of ["a", "b"]) {
            await create(id);
            await addVersion(id, "one");
            await addVersion(id, "two");
        }
    });

    it("is denied to an account without a grant, with Google's message", async () => {
        const refused = await access("a", 1, token);
        expect([refused.status, refused.at("error.status")]).toEqual([403, "PERMISSION_DENIED"]);
        expect(refused.at("error.message")).toBe(
            `Permission 'secretmanager.versions.access' denied for resource 'projects/${PROJECT_ID}/secrets/a/versions/1' (or it may not exist).`,
        );
        expect((await access("missing", 1, token)).status).toBe(403);
    });

    it("is available to an account with access only to this secret, and that account can do nothing else", async () => {
        await grant("a");
        expect((await access("a", 1, token)).at("payload.data")).toBe(base64("one"));
        expect((await access("b", 1, token)).status).toBe(403);
        const others: [string, string, object?][] = [
            ["GET", `${SECRETS}/a`],
            ["GET", `${SECRETS}/a/versions`],
            ["GET", `${SECRETS}/a/versions/1`],
            ["GET", SECRETS],
            ["DELETE", `${SECRETS}/a`],
            ["GET", `${SECRETS}/a:getIamPolicy`],
            ["POST", `${SECRETS}/a:addVersion`, { payload: { data: "eA==" } }],
            ["POST", `${SECRETS}/a/versions/1:destroy`, {}],
        ];
        for (const [method, target, body] of others) {
            const answer = await emulator.call(method, target, { token, ...(body === undefined ? {} : { body }) });
            expect([target, answer.status]).toEqual([target, 403]);
        }
    });

    it.each<[string, (number: string) => string]>([
        ["the end of the version name", () => 'resource.name.endsWith("/versions/2")'],
        [
            "the full name with the project number",
            (number) => `resource.name == "projects/${number}/secrets/a/versions/2"`,
        ],
        [
            "type and service",
            () =>
                'resource.type == "secretmanager.googleapis.com/SecretVersion" && resource.name.endsWith("/2") && resource.service == "secretmanager.googleapis.com"',
        ],
    ])("can be restricted by a condition on %s", async (_what, expression) => {
        await grant("a", expression(await projectNumber()));
        expect((await access("a", 2, token)).at("payload.data")).toBe(base64("two"));
        expect((await access("a", 1, token)).status).toBe(403);
    });

    it("is available to an account with access to the project's secrets", async () => {
        const body = { policy: { bindings: [{ role: ROLE, members: [`serviceAccount:${READER}`] }] } };
        await emulator.call("POST", `/v1/projects/${PROJECT_ID}:setIamPolicy`, { body });
        expect((await access("b", 1, token)).status).toBe(200);
    });

    it("is denied to a token without the cloud-platform scope", async () => {
        await grant("a");
        const narrow = mintToken(READER, ["https://www.googleapis.com/auth/devstorage.read_write"]).accessToken;
        const refused = await access("a", 1, narrow);
        expect([refused.status, refused.at("error.message"), refused.at("error.details.0.reason")]).toEqual([
            403,
            "Request had insufficient authentication scopes.",
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        ]);
    });

    it("requires credentials", async () => {
        expect((await access("a", 1, null)).status).toBe(401);
    });
});

describe("Secret Manager", () => {
    it.each([
        ["GET", `/v1/projects/${PROJECT_ID}/locations/us-central1/secrets`],
        ["GET", `${SECRETS}?filter=labels.a=b`],
        ["POST", `${SECRETS}/a:rotateSecret`],
    ])("returns 501 for unsupported requests: %s %s", async (method, target) => {
        expect((await emulator.call(method, target)).status).toBe(501);
    });
});
