import { TestEmulator } from "../../src/testing";

const ACCOUNTS = "/v1/projects/demo-project/serviceAccounts";
const EMAIL = "trainer@demo-project.iam.gserviceaccount.com";
let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
});
afterAll(() => emulator.stop());

const create = (accountId: string, serviceAccount: object = {}) =>
    emulator.call("POST", ACCOUNTS, { body: { accountId, serviceAccount } });

describe("a service account", () => {
    it("is created, read, changed and deleted with the provider's requests", async () => {
        const created = await create("trainer", { displayName: "Trainer", description: "runs the VM" });
        expect(created.json).toEqual({
            name: `projects/demo-project/serviceAccounts/${EMAIL}`,
            projectId: "demo-project",
            uniqueId: expect.stringMatching(/^\d{21}$/),
            email: EMAIL,
            oauth2ClientId: expect.any(String),
            etag: expect.any(String),
            displayName: "Trainer",
            description: "runs the VM",
        });
        const path = `/v1/${created.at("name")}`;
        expect((await emulator.call("GET", path)).json).toEqual(created.json);
        expect((await emulator.call("GET", `/v1/projects/-/serviceAccounts/${created.at("uniqueId")}`)).json).toEqual(
            created.json,
        );

        const body = { serviceAccount: { displayName: "Other", etag: created.at("etag") }, updateMask: "displayName" };
        const patched = await emulator.call("PATCH", path, { body });
        expect(patched.json).toMatchObject({ displayName: "Other", description: "runs the VM" });
        expect((await emulator.call("PATCH", path, { body })).status).toBe(400); // This makes the etag stale.

        expect((await emulator.call("POST", `${path}:disable`)).json).toEqual({});
        expect((await emulator.call("GET", path)).at("disabled")).toBe(true);
        await emulator.call("POST", `${path}:enable`);
        expect((await emulator.call("GET", path)).at("disabled")).toBeUndefined();

        const deleted = await emulator.call("DELETE", path);
        expect([deleted.status, deleted.json]).toEqual([200, {}]);
        expect((await emulator.call("GET", path)).at("error")).toMatchObject({ code: 404, status: "NOT_FOUND" });
        expect((await emulator.call("DELETE", path)).status).toBe(404);
    });

    it("can be disabled and then patched with its earlier etag, as the provider does", async () => {
        const created = await create("switched-off");
        const path = `${ACCOUNTS}/switched-off@demo-project.iam.gserviceaccount.com`;
        await emulator.call("POST", `${path}:disable`);
        const body = { serviceAccount: { description: "off", etag: created.at("etag") }, updateMask: "description" };
        const patched = await emulator.call("PATCH", path, { body });
        expect(patched.json).toMatchObject({ description: "off", disabled: true });
    });

    it("cannot be created twice", async () => {
        await create("twice-there");
        const answer = await create("twice-there");
        expect(answer.at("error")).toMatchObject({ code: 409, status: "ALREADY_EXISTS" });
    });

    it.each([["short"], ["1-digit-first"], ["Upper-case"], ["a".repeat(31)], ["ends-with-"]])(
        "cannot be named %s",
        async (id) => {
            expect((await create(id)).status).toBe(400);
        },
    );

    it("is listed with the others in its project, page by page", async () => {
        const path = "/v1/projects/list-project/serviceAccounts";
        for (const accountId of ["account-b", "account-a", "account-c"]) {
            await emulator.call("POST", path, { body: { accountId } });
        }
        const first = await emulator.call("GET", `${path}?pageSize=2`);
        const second = await emulator.call(
            "GET",
            `${path}?pageSize=2&pageToken=${encodeURIComponent(String(first.at("nextPageToken")))}`,
        );
        const ids = [first, second].map((page) =>
            (page.at("accounts") as { email: string }[]).map(({ email }) => email.slice(0, 9)),
        );
        expect(ids).toEqual([["account-a", "account-b"], ["account-c"]]);
    });

    it("has its own policy", async () => {
        await create("policy-holder");
        const path = `${ACCOUNTS}/policy-holder@demo-project.iam.gserviceaccount.com`;
        const policy = { bindings: [{ role: "roles/iam.serviceAccountUser", members: ["user:me@example.com"] }] };
        expect((await emulator.call("POST", `${path}:setIamPolicy`, { body: { policy } })).status).toBe(200);
        expect((await emulator.call("POST", `${path}:getIamPolicy`)).json).toMatchObject(policy);
    });

    it("cannot have keys, because their routes are not emulated", async () => {
        const answer = await emulator.call("POST", `${ACCOUNTS}/${EMAIL}/keys`, { body: {} });
        expect(answer.at("error")).toMatchObject({ code: 501, message: expect.stringContaining("/keys") });
    });
});
