import { createHash } from "node:crypto";
import { mintToken } from "../../src/iam/tokens";
import { TestEmulator } from "../../src/testing";

let emulator: TestEmulator;
const PARENT = "/v1/projects/demo-project/locations/us-central1/repositories";
const IMAGE = "/v2/demo-project/images/group/tiny";
const ACCOUNT = "reader@demo-project.iam.gserviceaccount.com";

beforeAll(async () => {
    emulator = await TestEmulator.start();
    for (const id of ["images", "others"]) {
        await emulator.call("POST", `${PARENT}?repositoryId=${id}`, { body: { format: "DOCKER" } });
    }
    await emulator.call("POST", "/v1/projects/demo-project/serviceAccounts", {
        body: { accountId: "reader", serviceAccount: {} },
    });
    const binding = { role: "roles/artifactregistry.reader", members: [`serviceAccount:${ACCOUNT}`] };
    await emulator.call("POST", `${PARENT}/images:setIamPolicy`, { body: { policy: { bindings: [binding] } } });
});
afterAll(() => emulator.stop());

const digest = (content: string) => `sha256:${createHash("sha256").update(content).digest("hex")}`;
const basic = (user: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
const code = (answer: { at(path: string): unknown }) => answer.at("errors.0.code");

/** Uploads a blob in one request. */
async function upload(content: string, image = IMAGE): Promise<string> {
    const answer = await emulator.call("POST", `${image}/blobs/uploads/?digest=${digest(content)}`, { body: content });
    expect(answer.status).toBe(201);
    return digest(content);
}

async function manifestOf(config: string, layer: string): Promise<string> {
    return JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: {
            mediaType: "application/vnd.oci.image.config.v1+json",
            digest: await upload(config),
            size: config.length,
        },
        layers: [
            { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: await upload(layer), size: layer.length },
        ],
    });
}

const put = (reference: string, body: string, image = IMAGE) =>
    emulator.call("PUT", `${image}/manifests/${reference}`, {
        body,
        headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
    });

describe("access to the registry", () => {
    it("requires Basic credentials, and accepts an access token as the password or a bearer token", async () => {
        const challenge = await emulator.call("GET", "/v2/", { token: null });
        expect([challenge.status, code(challenge)]).toEqual([401, "UNAUTHORIZED"]);
        expect(challenge.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
        expect(challenge.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
        for (const user of ["oauth2accesstoken", "_dcgcr_2_0_0_token"]) {
            expect(
                (await emulator.call("GET", "/v2/", { token: null, headers: basic(user, "developer") })).status,
            ).toBe(200);
            expect((await emulator.call("GET", "/v2/", { token: null, headers: basic(user, "any") })).status).toBe(401);
        }
        expect((await emulator.call("GET", "/v2/")).status).toBe(200);
    });

    it("lets a service account do only what IAM grants: pull from one repository, but not push, nor pull from another", async () => {
        const text = await manifestOf("{}", "layer");
        await put("v1", text);
        const headers = basic("oauth2accesstoken", mintToken(ACCOUNT).accessToken);
        const as = (method: string, path: string) => emulator.call(method, path, { token: null, headers });
        expect((await as("GET", `${IMAGE}/manifests/v1`)).text).toBe(text);
        const pushed = await as("POST", `${IMAGE}/blobs/uploads/`);
        expect([pushed.status, code(pushed), pushed.at("errors.0.message")]).toEqual([
            403,
            "DENIED",
            expect.stringContaining('"artifactregistry.repositories.uploadArtifacts" denied'),
        ]);
        expect(code(await as("GET", "/v2/demo-project/others/x/manifests/v1"))).toBe("DENIED");
        expect(code(await as("GET", "/v2/demo-project/nowhere/x/manifests/v1"))).toBe("DENIED");
    });
});

describe("blobs", () => {
    it("can be uploaded in chunks, with a status request in between", async () => {
        const begun = await emulator.call("POST", `${IMAGE}/blobs/uploads/`, { body: "" });
        expect(begun.status).toBe(202);
        const location = begun.headers.get("location") ?? "";
        const piece = (body: string, range: string) =>
            emulator.call("PATCH", location, { body, headers: { "content-range": range } });
        expect((await piece("hello ", "0-5")).headers.get("range")).toBe("0-5");
        expect((await piece("again", "0-4")).status).toBe(416);
        expect((await emulator.call("GET", location)).headers.get("range")).toBe("0-5");
        expect((await piece("wor", "6-8")).status).toBe(202);
        const wanted = digest("hello world");
        const finished = await emulator.call("PUT", `${location}?digest=${wanted}`, { body: "ld" });
        expect([finished.status, finished.headers.get("docker-content-digest")]).toEqual([201, wanted]);
        expect((await emulator.call("GET", `${IMAGE}/blobs/${wanted}`)).text).toBe("hello world");
        const head = await emulator.call("HEAD", `${IMAGE}/blobs/${wanted}`);
        expect([head.status, head.headers.get("content-length"), head.text]).toEqual([200, "11", ""]);
        expect(code(await emulator.call("PUT", `${location}?digest=${wanted}`))).toBe("BLOB_UPLOAD_UNKNOWN");
    });

    it("are rejected if the digest is wrong", async () => {
        const answer = await emulator.call("POST", `${IMAGE}/blobs/uploads/?digest=${digest("a")}`, { body: "b" });
        expect([answer.status, code(answer)]).toEqual([400, "DIGEST_INVALID"]);
        expect(code(await emulator.call("GET", `${IMAGE}/blobs/${digest("a")}`))).toBe("BLOB_UNKNOWN");
    });

    it("belong to one repository, and can be mounted from another", async () => {
        const wanted = await upload("shared");
        const there = "/v2/demo-project/others/y";
        expect((await emulator.call("HEAD", `${there}/blobs/${wanted}`)).status).toBe(404);
        const from = encodeURIComponent("demo-project/images/group/tiny");
        expect((await emulator.call("POST", `${there}/blobs/uploads/?mount=${wanted}&from=${from}`)).status).toBe(201);
        expect((await emulator.call("GET", `${there}/blobs/${wanted}`)).text).toBe("shared");
        const unknown = await emulator.call("POST", `${there}/blobs/uploads/?mount=${digest("none")}&from=${from}`);
        expect(unknown.status).toBe(202);
        expect((await emulator.call("DELETE", unknown.headers.get("location") ?? "")).status).toBe(204);
    });
});

describe("manifests", () => {
    it("are stored byte for byte, by tag and by digest", async () => {
        const text = await manifestOf('{"a":1}', "layer 2");
        const answer = await put("v2", text);
        expect([answer.status, answer.headers.get("docker-content-digest")]).toEqual([201, digest(text)]);
        for (const reference of ["v2", digest(text)]) {
            const found = await emulator.call("GET", `${IMAGE}/manifests/${reference}`);
            expect([found.text, found.headers.get("content-type")]).toEqual([
                text,
                "application/vnd.oci.image.manifest.v1+json",
            ]);
            const head = await emulator.call("HEAD", `${IMAGE}/manifests/${reference}`);
            expect([head.status, head.headers.get("content-length")]).toEqual([200, String(text.length)]);
        }
        expect((await emulator.call("GET", `${IMAGE}/tags/list`)).json).toEqual({
            name: "demo-project/images/group/tiny",
            tags: expect.arrayContaining(["v2"]),
        });
        expect((await emulator.call("DELETE", `${IMAGE}/manifests/v2`)).status).toBe(202);
        expect(code(await emulator.call("GET", `${IMAGE}/manifests/v2`))).toBe("MANIFEST_UNKNOWN");
        expect((await emulator.call("DELETE", `${IMAGE}/manifests/${digest(text)}`)).status).toBe(202);
        expect(code(await emulator.call("GET", `${IMAGE}/manifests/${digest(text)}`))).toBe("MANIFEST_UNKNOWN");
    });

    it.each([
        ["not json", "v3", "MANIFEST_INVALID"],
        ['{"schemaVersion":1}', "v3", "MANIFEST_INVALID"],
        ['{"schemaVersion":2}', "v3", "MANIFEST_INVALID"],
        [`{"schemaVersion":2,"config":{"digest":"${digest("nowhere")}"},"layers":[]}`, "v3", "MANIFEST_BLOB_UNKNOWN"],
        [`{"schemaVersion":2,"manifests":[{"digest":"${digest("nowhere")}"}]}`, "v3", "MANIFEST_BLOB_UNKNOWN"],
        ['{"schemaVersion":2,"manifests":[]}', digest("another"), "DIGEST_INVALID"],
        ['{"schemaVersion":2,"manifests":[]}', "-bad-tag", "DIGEST_INVALID"],
    ])("with the content %s and the reference %s are rejected as %s", async (text, reference, expected) => {
        const answer = await put(reference, text);
        expect([answer.status, code(answer)]).toEqual([400, expected]);
    });

    it("are rejected with NAME_UNKNOWN if the repository does not exist", async () => {
        expect(code(await emulator.call("GET", "/v2/demo-project/none/x/manifests/v1"))).toBe("NAME_UNKNOWN");
        expect(code(await emulator.call("GET", "/v2/demo-project/images/UPPER/manifests/v1"))).toBe("NAME_INVALID");
    });
});
