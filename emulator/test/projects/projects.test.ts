import { TestEmulator } from "../../src/testing";

const PROJECT_ID = "/v1/projects/demo-project";
let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
});
afterAll(() => emulator.stop());

describe("a project", () => {
    it("exists for every valid id, and can be found by number", async () => {
        const byId = await emulator.call("GET", PROJECT_ID);
        expect(byId.json).toMatchObject({
            projectId: "demo-project",
            projectNumber: expect.stringMatching(/^\d{12}$/),
            lifecycleState: "ACTIVE",
        });
        expect((await emulator.call("GET", `/v1/projects/${byId.at("projectNumber")}`)).json).toEqual(byId.json);
        expect((await emulator.call("GET", "/v1/projects/999999999999")).status).toBe(404);
    });

    it.each([["short"], ["9-digit-first"], ["Upper-case"], ["x".repeat(31)], ["ends-with-"]])(
        "cannot be named %s",
        async (id) => {
            expect((await emulator.call("GET", `/v1/projects/${id}`)).status).toBe(400);
        },
    );

    it("has an IAM policy that accepts the provider's changes", async () => {
        const member = "user:me@example.com";
        const body = { options: { requestedPolicyVersion: 3 } };
        const before = await emulator.call("POST", `${PROJECT_ID}:getIamPolicy`, { body });
        expect(before.json).toEqual({ version: 1, etag: expect.any(String), bindings: [] });
        const policy = {
            etag: before.at("etag"),
            version: 3,
            bindings: [{ role: "roles/logging.logWriter", members: [member] }],
        };
        const updateMask = "bindings,etag,auditConfigs";
        const after = await emulator.call("POST", `${PROJECT_ID}:setIamPolicy`, { body: { policy, updateMask } });
        expect(after.json).toMatchObject({ bindings: policy.bindings });
        const stale = await emulator.call("POST", `${PROJECT_ID}:setIamPolicy`, { body: { policy, updateMask } });
        expect(stale.at("error")).toMatchObject({ code: 409, status: "ABORTED" });
        const masked = await emulator.call("POST", `${PROJECT_ID}:setIamPolicy`, {
            body: { policy: {}, updateMask: "etag" },
        });
        expect(masked.at("error")).toMatchObject({ code: 501, message: expect.stringContaining("updateMask") });
    });

    it("returns those of the requested permissions that the caller has", async () => {
        const permissions = ["resourcemanager.projects.get", "compute.instances.create"];
        const answer = await emulator.call("POST", `${PROJECT_ID}:testIamPermissions`, { body: { permissions } });
        expect(answer.json).toEqual({ permissions });
    });
});

describe("the services in a project", () => {
    const enabled = async (project: string) => {
        const query = "fields=services/name,nextPageToken&filter=state:ENABLED&pageSize=200";
        const answer = await emulator.call("GET", `/v1/projects/${project}/services?${query}`);
        return ((answer.at("services") ?? []) as { name: string }[]).map(({ name }) => name.split("/").at(-1));
    };

    it("initially include those that the provider itself needs", async () => {
        expect(await enabled("services-one")).toEqual([
            "cloudresourcemanager.googleapis.com",
            "serviceusage.googleapis.com",
        ]);
    });

    it("are enabled one by one, with operations that complete immediately", async () => {
        const path = "/v1/projects/services-two/services/compute.googleapis.com";
        const operation = await emulator.call("POST", `${path}:enable`, { body: {} });
        expect(operation.json).toMatchObject({ done: true, response: { service: { state: "ENABLED" } } });
        expect((await emulator.call("GET", `/v1/${operation.at("name")}`)).json).toEqual(operation.json);
        expect((await emulator.call("GET", path)).at("state")).toBe("ENABLED");
        expect(await enabled("services-two")).toContain("compute.googleapis.com");
        await emulator.call("POST", `${path}:disable`, { body: { disableDependentServices: true } });
        expect(await enabled("services-two")).not.toContain("compute.googleapis.com");
        expect((await emulator.call("POST", `${path}:disable`)).at("error.status")).toBe("FAILED_PRECONDITION");
    });

    it("are enabled as a batch", async () => {
        const serviceIds = ["iam.googleapis.com", "artifactregistry.googleapis.com"];
        const answer = await emulator.call("POST", "/v1/projects/services-three/services:batchEnable", {
            body: { serviceIds },
        });
        expect(answer.json).toMatchObject({ done: true });
        expect(await enabled("services-three")).toEqual(expect.arrayContaining(serviceIds));
        await emulator.restart();
        expect(await enabled("services-three")).toHaveLength(4);
    });

    it.each([
        ["an unknown service", "/services/translate.googleapis.com:enable", 501, "translate.googleapis.com"],
        ["a malformed service name", "/services/compute:enable", 400, '"compute"'],
    ])("return an error that names %s", async (_, path, status, named) => {
        const answer = await emulator.call("POST", `${PROJECT_ID}${path}`, { body: {} });
        expect(answer.at("error")).toMatchObject({ code: status, message: expect.stringContaining(named) });
    });

    it("reject a filter that is not emulated", async () => {
        expect((await emulator.call("GET", `${PROJECT_ID}/services?filter=name:x`)).status).toBe(501);
    });
});
