import { readdirSync } from "node:fs";
import path from "node:path";
import { TestEmulator } from "../../src/testing";

let emulator: TestEmulator;
const PARENT = "/v1/projects/demo-project/locations/us-central1/repositories";

beforeEach(async () => {
    emulator = await TestEmulator.start();
});
afterEach(() => emulator.stop());

const create = (id: string, body: object = { format: "DOCKER" }) =>
    emulator.call("POST", `${PARENT}?repositoryId=${id}`, { body });

describe("a repository", () => {
    it("is returned as created, with the emulator's own address", async () => {
        const body = {
            format: "DOCKER",
            mode: "STANDARD_REPOSITORY",
            description: "images",
            labels: { a: "b" },
            cleanupPolicyDryRun: false,
            cleanupPolicies: {
                keep: { id: "keep", action: "KEEP", mostRecentVersions: { keepCount: 3 } },
                old: { action: "DELETE", condition: { tagState: "ANY", olderThan: "30d" } },
            },
        };
        // The provider spells the parameter with an underscore.
        const operation = await emulator.call("POST", `${PARENT}?repository_id=images&alt=json`, { body });
        expect(operation.json).toMatchObject({ done: true, name: expect.stringContaining("/operations/") });
        expect((await emulator.call("GET", `/v1/${operation.at("name")}`)).json).toEqual(operation.json);
        expect((await emulator.call("GET", `/v1/${operation.at("name")}x`)).status).toBe(404);
        const { json } = await emulator.call("GET", `${PARENT}/images`);
        expect(json).toEqual({
            ...body,
            name: `${PARENT.slice("/v1/".length)}/images`,
            cleanupPolicies: {
                keep: body.cleanupPolicies.keep,
                old: { id: "old", action: "DELETE", condition: { tagState: "ANY", olderThan: "2592000s" } },
            },
            createTime: expect.any(String),
            updateTime: expect.any(String),
            sizeBytes: "0",
            registryUri: `${new URL(emulator.url).host}/demo-project/images`,
        });
        expect((await emulator.call("GET", PARENT)).at("repositories.0")).toEqual(json);
    });

    it("changes only the fields in the update mask", async () => {
        await create("images", { format: "DOCKER", description: "old", labels: { a: "b" } });
        const body = { description: "new", labels: {} };
        expect((await emulator.call("PATCH", `${PARENT}/images?updateMask=description`, { body })).json).toMatchObject({
            description: "new",
            labels: { a: "b" },
        });
        const mask = "format";
        expect((await emulator.call("PATCH", `${PARENT}/images?updateMask=${mask}`, { body })).status).toBe(400);
    });

    it.each([
        ["Bad_Id", { format: "DOCKER" }, 400],
        ["images", {}, 400],
        ["images", { format: "MAVEN" }, 501],
        ["images", { format: "DOCKER", kmsKeyName: "k" }, 400],
        ["images", { format: "DOCKER", mode: "REMOTE_REPOSITORY" }, 501],
    ])("is rejected if its id is %j and its body is %j, with the status %d", async (id, body, status) => {
        expect((await create(id, body)).status).toBe(status);
    });

    it("can be created only once, and is deleted with its images and policy", async () => {
        await create("images");
        expect((await create("images")).status).toBe(409);
        const image = `${new URL(emulator.url).host}/demo-project/images/trainer`;
        await emulator.call("POST", "/emulator/v1/images", { body: { image, folder: emulator.dataDir } });
        const binding = { role: "roles/artifactregistry.reader", members: ["allUsers"] };
        await emulator.call("POST", `${PARENT}/images:setIamPolicy`, { body: { policy: { bindings: [binding] } } });
        expect((await emulator.inventory()).map((item) => item.kind)).toEqual(["artifact repository", "image"]);
        expect((await emulator.call("DELETE", `${PARENT}/images`)).json).toMatchObject({ done: true });
        expect(await emulator.inventory()).toEqual([]);
        expect(readdirSync(path.join(emulator.dataDir, "registry", "blobs"))).toEqual([]);
        expect(readdirSync(path.join(emulator.dataDir, "engine"))).toEqual([]);
        await create("images");
        expect((await emulator.call("GET", `${PARENT}/images:getIamPolicy`)).at("bindings")).toEqual([]);
        expect((await emulator.call("GET", `${PARENT}/images/dockerImages`)).json).toEqual({});
    });

    it("has a policy with an etag", async () => {
        await create("images");
        const url = `${PARENT}/images:getIamPolicy?options.requestedPolicyVersion=3`;
        const { etag } = (await emulator.call("GET", url)).json as { etag: string };
        const binding = { role: "roles/artifactregistry.reader", members: ["allUsers"] };
        const policy = { etag, version: 3, bindings: [binding] };
        expect((await emulator.call("POST", `${PARENT}/images:setIamPolicy`, { body: { policy } })).status).toBe(200);
        expect((await emulator.call("GET", url)).at("bindings")).toEqual([binding]);
        expect((await emulator.call("POST", `${PARENT}/images:setIamPolicy`, { body: { policy } })).status).toBe(409);
    });

    it("has no policy if it does not exist", async () => {
        expect((await emulator.call("GET", `${PARENT}/none:getIamPolicy`)).status).toBe(404);
        expect((await emulator.call("GET", `${PARENT}/none`)).status).toBe(404);
        expect((await emulator.call("DELETE", `${PARENT}/none`)).status).toBe(404);
    });
});
