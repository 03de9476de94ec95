import { gcpMetadata } from "google-auth-library";
import { TestEmulator } from "../../src/testing";
import { ACCOUNT, cloudConfig, INSTANCES, PROJECT_ID, TestInstance } from "./support";

let emulator: TestEmulator;
/** `http://host:port` of the VM's own endpoint. */
let endpoint: string;
let vm: TestInstance;
const SCOPES = [
    "https://www.googleapis.com/auth/devstorage.read_write",
    "https://www.googleapis.com/auth/logging.write",
];

beforeAll(async () => {
    emulator = await TestEmulator.start();
    const account = { accountId: "trainer", serviceAccount: {} };
    await emulator.call("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, { body: account });
    // The endpoint is known only inside the VM, so the VM prints it.
    const config = cloudConfig({}, 'echo "control $EMULATOR_VM_CONTROL"');
    vm = await TestInstance.create(emulator, "meta", config, {
        serviceAccounts: [{ email: ACCOUNT, scopes: SCOPES }],
        metadata: {
            items: [
                { key: "user-data", value: config },
                { key: "my-Key_1", value: "a\nb" },
            ],
        },
        tags: { items: ["one", "two"] },
    });
    endpoint = /control (http:\/\/[^/]+)/.exec(await vm.untilSerial("control http"))?.[1] ?? "";
});
afterAll(() => emulator.stop());

const FLAVOR = { "Metadata-Flavor": "Google" };

function read(path: string, headers: Record<string, string> = FLAVOR) {
    return emulator.call("GET", `${endpoint}/computeMetadata/v1/${path}`, { token: null, headers });
}

describe("the metadata server", () => {
    it.each([
        ["project/project-id", PROJECT_ID],
        ["project/numeric-project-id", expect.stringMatching(/^\d{12}$/)],
        ["instance/id", expect.stringMatching(/^\d{19}$/)],
        ["instance/name", "meta"],
        ["instance/zone", expect.stringMatching(/^projects\/\d{12}\/zones\/us-central1-a$/)],
        ["instance/hostname", `meta.us-central1-a.c.${PROJECT_ID}.internal`],
        ["instance/machine-type", expect.stringMatching(/^projects\/\d{12}\/machineTypes\/e2-small$/)],
        ["instance/preempted", "FALSE"],
        ["instance/attributes/my-Key_1", "a\nb"],
        ["instance/attributes/", "user-data\nmy-Key_1\n"],
        ["instance/service-accounts/", `default/\n${ACCOUNT}/\n`],
        ["instance/service-accounts/default/email", ACCOUNT],
        ["instance/service-accounts/default/scopes", SCOPES.map((scope) => `${scope}\n`).join("")],
        [`instance/service-accounts/${ACCOUNT}/email`, ACCOUNT],
        ["instance/network-interfaces/0/ip", "10.128.0.2"],
        ["universe/universe-domain", "googleapis.com"],
    ])("serves %s", async (path, expected) => {
        const answer = await read(path);
        expect([answer.status, answer.text]).toEqual([200, expected]);
        expect(answer.headers.get("metadata-flavor")).toBe("Google");
    });

    it("waits until a value changes, but no longer than the client's time limit", async () => {
        const first = await read("instance/attributes/my-Key_1");
        const etag = first.headers.get("etag") ?? "";
        expect(etag).toMatch(/^[0-9a-f]{16}$/);
        const query = "wait_for_change=true";
        expect((await read(`instance/attributes/my-Key_1?${query}&last_etag=0`)).text).toBe("a\nb");
        expect((await read(`instance/attributes/my-Key_1?${query}&last_etag=${etag}&timeout_sec=0`)).text).toBe("a\nb");
        const { headers } = await read("instance/attributes/");
        const waiting = read(`instance/attributes/?${query}&last_etag=${headers.get("etag")}`);
        const { metadata } = (await vm.get()).json as { metadata: { fingerprint: string; items: object[] } };
        const items = [...metadata.items, { key: "new", value: "1" }];
        await vm.post("setMetadata", { fingerprint: metadata.fingerprint, items });
        expect((await waiting).text).toBe("user-data\nmy-Key_1\nnew\n");
        const { fingerprint } = ((await vm.get()).json as { metadata: { fingerprint: string } }).metadata;
        await vm.post("setMetadata", { fingerprint, items: metadata.items });
    });

    it("returns a subtree as JSON with camelCase keys, but leaves attribute names unchanged", async () => {
        expect((await read("instance/?recursive=true")).json).toMatchObject({
            machineType: expect.any(String),
            attributes: { "my-Key_1": "a\nb" },
            serviceAccounts: { default: { email: ACCOUNT, scopes: SCOPES, aliases: ["default"] } },
            networkInterfaces: [{ ip: "10.128.0.2" }],
            tags: ["one", "two"],
        });
        expect((await read("instance/tags?alt=json")).json).toEqual(["one", "two"]);
    });

    it("returns tokens that the API accepts as the service account's", async () => {
        const answer = await read("instance/service-accounts/default/token");
        expect(answer.json).toEqual({ access_token: expect.any(String), expires_in: 3600, token_type: "Bearer" });
        const token = String(answer.at("access_token"));
        const denied = await emulator.call("GET", INSTANCES, { token });
        expect([denied.status, denied.at("error.message")]).toEqual([
            403,
            `Required 'compute.instances.list' permission for 'projects/${PROJECT_ID}'`,
        ]);
    });

    it.each([
        ["GET", "/"],
        ["GET", "/computeMetadata/"],
        ["GET", "/computeMetadata/v1/instance/service-accounts/default/token"],
        ["GET", "/emulator/v1/guest/lifeline"],
        ["POST", "/emulator/v1/guest/systemctl"],
    ])("rejects %s %s without Metadata-Flavor", async (method, path) => {
        const body = method === "POST" ? { args: ["poweroff"] } : undefined;
        const answer = await emulator.call(method, `${endpoint}${path}`, { token: null, body });
        expect(answer).toMatchObject({ status: 403, text: "Missing Metadata-Flavor:Google header.\n" });
    });

    it.each([[{ Origin: "http://evil.example" }], [{ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors" }]])(
        "rejects a web page of another origin, with headers %j",
        async (headers) => {
            for (const [method, path] of [
                ["POST", "/emulator/v1/guest/systemctl"],
                ["GET", "/storage/v1/b/test-bucket/o"],
                ["POST", "/upload/storage/v1/b/test-bucket/o?uploadType=media&name=runs/a"],
            ] as const) {
                const all = { ...FLAVOR, ...headers } as Record<string, string>;
                const answer = await emulator.call(method, `${endpoint}${path}`, { token: null, headers: all });
                expect([answer.status, answer.text]).toEqual([403, expect.stringContaining("other web pages")]);
            }
        },
    );

    it.each([{}, { "Metadata-Flavor": "google" }, { ...FLAVOR, "X-Forwarded-For": "1.2.3.4" }])(
        "rejects headers %j",
        async (headers) => {
            expect((await read("instance/id", headers as Record<string, string>)).status).toBe(403);
        },
    );

    it.each([
        "nothing",
        "instance/attributes/none",
        "instance/service-accounts/other/token",
        "instance/attributes/constructor",
    ])("does not have %s", async (path) => {
        expect((await read(path)).status).toBe(404);
    });

    it("redirects a directory path without a trailing slash, and can be detected by a request to its root", async () => {
        const answer = await read("instance");
        expect([answer.status, answer.headers.get("location")]).toEqual([
            301,
            `${endpoint}/computeMetadata/v1/instance/`,
        ]);
        const root = await emulator.call("GET", `${endpoint}/`, { token: null, headers: FLAVOR });
        expect([root.status, root.headers.get("metadata-flavor")]).toEqual([200, "Google"]);
    });

    it("reflects a metadata change immediately", async () => {
        const { metadata } = (await vm.get()).json as { metadata: { fingerprint: string } };
        const items = [{ key: "late", value: "1" }];
        await vm.post("setMetadata", { fingerprint: metadata.fingerprint, items });
        expect((await read("instance/attributes/")).text).toBe("late\n");
    });

    it("is accepted as a metadata server by Google's own library", async () => {
        process.env.GCE_METADATA_HOST = endpoint.replace("http://", "");
        try {
            expect(await gcpMetadata.isAvailable()).toBe(true);
            expect(await gcpMetadata.project("project-id")).toBe(PROJECT_ID);
        } finally {
            delete process.env.GCE_METADATA_HOST;
        }
    });
});

describe("storage at the VM's own endpoint", () => {
    it("acts as the VM's service account without a token", async () => {
        await emulator.makeBucket("vm-bucket");
        await emulator.upload("vm-bucket", "a", "content");
        const get = () => emulator.call("GET", `${endpoint}/b/vm-bucket/o/a?alt=media`, { token: null });
        expect((await get()).status).toBe(403);
        const binding = { role: "roles/storage.objectViewer", members: [`serviceAccount:${ACCOUNT}`] };
        await emulator.call("PUT", "/storage/v1/b/vm-bucket/iam", { body: { bindings: [binding] } });
        expect((await get()).text).toBe("content");
    });

    it("is also limited by the VM's access scopes", async () => {
        const config = cloudConfig({}, 'echo "control $EMULATOR_VM_CONTROL"');
        const scopes = ["https://www.googleapis.com/auth/devstorage.read_only"];
        const serviceAccounts = [{ email: ACCOUNT, scopes }];
        const reader = await TestInstance.create(emulator, "reader", config, { serviceAccounts });
        const own = /control (http:\/\/[^/]+)/.exec(await reader.untilSerial("control http"))?.[1] ?? "";
        expect((await emulator.call("GET", `${own}/b/vm-bucket/o/a?alt=media`, { token: null })).text).toBe("content");
        const written = await emulator.call("POST", `${own}/upload/storage/v1/b/vm-bucket/o?uploadType=media&name=b`, {
            token: null,
            body: "x",
        });
        expect([written.status, written.at("error.message")]).toEqual([403, expect.stringMatching(/^Provided scope/)]);
    });

    it("returns a secret's payload for the VM's own token, if scopes and IAM allow it", async () => {
        const secret = `/v1/projects/${PROJECT_ID}/secrets/key`;
        await emulator.call("POST", `/v1/projects/${PROJECT_ID}/secrets?secretId=key`, {
            body: { replication: { automatic: {} } },
        });
        await emulator.call("POST", `${secret}:addVersion`, { body: { payload: { data: "b25l" } } });
        const binding = { role: "roles/secretmanager.secretAccessor", members: [`serviceAccount:${ACCOUNT}`] };
        await emulator.call("POST", `${secret}:setIamPolicy`, { body: { policy: { bindings: [binding] } } });
        const accessFrom = async (name: string, scope: string) => {
            const config = cloudConfig({}, 'echo "control $EMULATOR_VM_CONTROL"');
            const serviceAccounts = [{ email: ACCOUNT, scopes: [`https://www.googleapis.com/auth/${scope}`] }];
            const vm = await TestInstance.create(emulator, name, config, { serviceAccounts });
            const own = /control (http:\/\/[^/]+)/.exec(await vm.untilSerial("control http"))?.[1] ?? "";
            const issued = await emulator.call(
                "GET",
                `${own}/computeMetadata/v1/instance/service-accounts/default/token`,
                { token: null, headers: { "metadata-flavor": "Google" } },
            );
            const access = (token: string | null) =>
                emulator.call("GET", `${own}${secret}/versions/1:access`, { token });
            return [await access(String(issued.at("access_token"))), await access(null)];
        };
        const [allowed, anonymous] = await accessFrom("with-scope", "cloud-platform");
        expect(allowed?.at("payload.data")).toBe("b25l");
        // Unlike Cloud Storage, Secret Manager requires a token, which a web page on this machine does not have.
        expect(anonymous?.status).toBe(401);
        const [refused] = await accessFrom("without-scope", "devstorage.read_write");
        expect([refused?.status, refused?.at("error.message")]).toEqual([
            403,
            "Request had insufficient authentication scopes.",
        ]);
    });

    it("does not include Compute Engine", async () => {
        expect((await emulator.call("GET", `${endpoint}${INSTANCES}`, { token: null })).status).toBe(501);
    });
});
