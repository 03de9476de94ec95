import { mkdirSync } from "node:fs";
import path from "node:path";
import { mintToken } from "../../src/iam/tokens";
import { TestEmulator } from "../../src/testing";

const PARENT = "/v1/projects/demo-project/locations/us-central1/repositories";
const ENGINE_ID = `sha256:${"a".repeat(64)}`;

let emulator: TestEmulator;
let repository: string;
let folder: string;

beforeAll(async () => {
    emulator = await TestEmulator.start();
    await emulator.call("POST", `${PARENT}?repositoryId=images`, { body: { format: "DOCKER" } });
    repository = `${new URL(emulator.url).host}/demo-project/images`;
    folder = path.join(emulator.dataDir, "trainer");
    mkdirSync(folder);
});
afterAll(() => emulator.stop());

const add = (body: object, token?: string) =>
    emulator.call("POST", "/emulator/v1/images", { body, ...(token === undefined ? {} : { token }) });

describe("POST /emulator/v1/images", () => {
    it("stores a folder as an image that the registry serves by digest and by tag", async () => {
        const added = await add({ image: `${repository}/trainer:v1`, folder });
        expect(added.status).toBe(200);
        const digest = String(added.at("digest"));
        expect(added.at("image")).toBe(`${repository}/trainer@${digest}`);
        for (const reference of [digest, "v1"]) {
            const found = await emulator.call("GET", `/v2/demo-project/images/trainer/manifests/${reference}`);
            expect(JSON.parse(found.text)).toMatchObject({ layers: [] });
            expect(found.headers.get("docker-content-digest")).toBe(digest);
        }
    });

    it("returns the same digest for the same content in another folder, and a different digest for different content", async () => {
        const digestOf = async (body: object) => (await add({ image: `${repository}/same`, ...body })).at("digest");
        const digest = await digestOf({ folder, content: "abc" });
        expect(await digestOf({ folder: emulator.dataDir, content: "abc" })).toBe(digest);
        expect(await digestOf({ folder, content: "def" })).not.toBe(digest);
    });

    it("stores an image from the Docker engine by id, without its layers", async () => {
        const added = await add({ image: `${repository}/engine`, engineImageId: ENGINE_ID });
        const found = await emulator.call("GET", `/v2/demo-project/images/engine/manifests/${added.at("digest")}`);
        expect(JSON.parse(found.text)).toMatchObject({ config: { digest: ENGINE_ID }, layers: [] });
    });

    it.each([
        [{ image: "trainer" }, 400, '"image" must be HOST:PORT/PROJECT/REPOSITORY/NAME[:TAG]; got "trainer"'],
        [{ image: "h/demo-project/none/x" }, 404, 'Repository "none" not found in project "demo-project"'],
        [{ image: "h/demo-project/images/x" }, 400, 'Exactly one of "folder" and "engineImageId" must be set'],
        [{ image: "h/demo-project/images/x", folder: "x" }, 400, '"folder" must be the absolute path'],
        [{ image: "h/demo-project/images/x", folder: "/none/x" }, 400, 'existing folder; got "/none/x"'],
        [{ image: "h/demo-project/images/x", engineImageId: "x" }, 400, '"engineImageId" must be sha256:'],
        [{ image: "h/demo-project/images/x", layers: [] }, 501, '"layers"'],
    ])("rejects %j with %d", async (body, status, message) => {
        const answer = await add(body);
        expect(answer.status).toBe(status);
        expect(answer.at("error.message")).toContain(message);
    });

    it("rejects a service account, because VMs execute what the image contains", async () => {
        const { accessToken } = mintToken("vm@demo-project.iam.gserviceaccount.com");
        const answer = await add({ image: `${repository}/trainer`, folder }, accessToken);
        expect(answer.status).toBe(403);
    });
});
