import { mintToken } from "../../src/iam/tokens";
import { basic, code, digest, IMAGE, READER, TestRegistry } from "./support";

let registry: TestRegistry;
beforeAll(async () => {
    registry = await TestRegistry.start();
});
afterAll(() => registry.emulator.stop());

describe("access to the registry", () => {
    it("requires credentials, and accepts an access token as a Basic password or as a bearer token", async () => {
        const challenge = await registry.emulator.call("GET", "/v2/", { token: null });
        expect([challenge.status, code(challenge)]).toEqual([401, "UNAUTHORIZED"]);
        expect(challenge.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
        expect(challenge.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
        for (const user of ["oauth2accesstoken", "_dcgcr_2_0_0_token"]) {
            const as = (password: string) =>
                registry.emulator.call("GET", "/v2/", { token: null, headers: basic(user, password) });
            expect((await as("developer")).status).toBe(200);
            expect((await as("any")).status).toBe(401);
        }
        expect((await registry.emulator.call("GET", "/v2/")).status).toBe(200);
    });

    it("limits a service account to what IAM grants, e.g. to pulling from a single repository", async () => {
        const text = await registry.manifestOf("{}", "layer");
        await registry.put("v1", text);
        const headers = basic("oauth2accesstoken", mintToken(READER).accessToken);
        const as = (method: string, path: string) => registry.emulator.call(method, path, { token: null, headers });
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
        const begun = await registry.emulator.call("POST", `${IMAGE}/blobs/uploads/`, { body: "" });
        expect(begun.status).toBe(202);
        const location = begun.headers.get("location") ?? "";
        const piece = (body: string, range: string) =>
            registry.emulator.call("PATCH", location, { body, headers: { "content-range": range } });
        expect((await piece("hello ", "0-5")).headers.get("range")).toBe("0-5");
        expect((await piece("again", "0-4")).status).toBe(416);
        expect((await registry.emulator.call("GET", location)).headers.get("range")).toBe("0-5");
        expect((await piece("wor", "6-8")).status).toBe(202);
        const wanted = digest("hello world");
        const finished = await registry.emulator.call("PUT", `${location}?digest=${wanted}`, { body: "ld" });
        expect([finished.status, finished.headers.get("docker-content-digest")]).toEqual([201, wanted]);
        expect((await registry.emulator.call("GET", `${IMAGE}/blobs/${wanted}`)).text).toBe("hello world");
        const head = await registry.emulator.call("HEAD", `${IMAGE}/blobs/${wanted}`);
        expect([head.status, head.headers.get("content-length"), head.text]).toEqual([200, "11", ""]);
        expect(code(await registry.emulator.call("PUT", `${location}?digest=${wanted}`))).toBe("BLOB_UPLOAD_UNKNOWN");
    });

    it("are rejected if the digest is wrong", async () => {
        const answer = await registry.emulator.call("POST", `${IMAGE}/blobs/uploads/?digest=${digest("a")}`, {
            body: "b",
        });
        expect([answer.status, code(answer)]).toEqual([400, "DIGEST_INVALID"]);
        expect(code(await registry.emulator.call("GET", `${IMAGE}/blobs/${digest("a")}`))).toBe("BLOB_UNKNOWN");
    });

    it("belong to one repository, and can be mounted from another", async () => {
        const wanted = await registry.upload("shared");
        const there = "/v2/demo-project/others/y";
        expect((await registry.emulator.call("HEAD", `${there}/blobs/${wanted}`)).status).toBe(404);
        const from = encodeURIComponent("demo-project/images/group/tiny");
        expect(
            (await registry.emulator.call("POST", `${there}/blobs/uploads/?mount=${wanted}&from=${from}`)).status,
        ).toBe(201);
        expect((await registry.emulator.call("GET", `${there}/blobs/${wanted}`)).text).toBe("shared");
        const unknown = await registry.emulator.call(
            "POST",
            `${there}/blobs/uploads/?mount=${digest("none")}&from=${from}`,
        );
        expect(unknown.status).toBe(202);
        expect((await registry.emulator.call("DELETE", unknown.headers.get("location") ?? "")).status).toBe(204);
    });
});

describe("manifests", () => {
    it("are stored byte for byte, by tag and by digest", async () => {
        const text = await registry.manifestOf('{"a":1}', "layer 2");
        const answer = await registry.put("v2", text);
        expect([answer.status, answer.headers.get("docker-content-digest")]).toEqual([201, digest(text)]);
        for (const reference of ["v2", digest(text)]) {
            const found = await registry.emulator.call("GET", `${IMAGE}/manifests/${reference}`);
            expect([found.text, found.headers.get("content-type")]).toEqual([
                text,
                "application/vnd.oci.image.manifest.v1+json",
            ]);
            const head = await registry.emulator.call("HEAD", `${IMAGE}/manifests/${reference}`);
            expect([head.status, head.headers.get("content-length")]).toEqual([200, String(text.length)]);
        }
        expect((await registry.emulator.call("GET", `${IMAGE}/tags/list`)).json).toEqual({
            name: "demo-project/images/group/tiny",
            tags: expect.arrayContaining(["v2"]),
        });
        expect((await registry.emulator.call("DELETE", `${IMAGE}/manifests/v2`)).status).toBe(202);
        expect(code(await registry.emulator.call("GET", `${IMAGE}/manifests/v2`))).toBe("MANIFEST_UNKNOWN");
        expect((await registry.emulator.call("DELETE", `${IMAGE}/manifests/${digest(text)}`)).status).toBe(202);
        expect(code(await registry.emulator.call("GET", `${IMAGE}/manifests/${digest(text)}`))).toBe(
            "MANIFEST_UNKNOWN",
        );
    });

    it.each([
        ["not json", "v3", "MANIFEST_INVALID"],
        ['{"schemaVersion":1}', "v3", "MANIFEST_INVALID"],
        ['{"schemaVersion":2}', "v3", "MANIFEST_INVALID"],
        [`{"schemaVersion":2,"config":{"digest":"${digest("nowhere")}"},"layers":[]}`, "v3", "MANIFEST_BLOB_UNKNOWN"],
        [`{"schemaVersion":2,"manifests":[{"digest":"${digest("nowhere")}"}]}`, "v3", "MANIFEST_BLOB_UNKNOWN"],
        ['{"schemaVersion":2,"manifests":[]}', digest("another"), "DIGEST_INVALID"],
        ['{"schemaVersion":2,"manifests":[]}', "-bad-tag", "DIGEST_INVALID"],
    ])("are rejected if %s is pushed as %s, with the error %s", async (text, reference, expected) => {
        const answer = await registry.put(reference, text);
        expect([answer.status, code(answer)]).toEqual([400, expected]);
    });

    it("are rejected with NAME_UNKNOWN if the repository does not exist", async () => {
        expect(code(await registry.emulator.call("GET", "/v2/demo-project/none/x/manifests/v1"))).toBe("NAME_UNKNOWN");
        expect(code(await registry.emulator.call("GET", "/v2/demo-project/images/UPPER/manifests/v1"))).toBe(
            "NAME_INVALID",
        );
    });
});
