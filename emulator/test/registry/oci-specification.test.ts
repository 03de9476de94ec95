import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { mintToken } from "../../src/iam/tokens";
import { basic, code, digest, IMAGE, READER, TestRegistry } from "./support";

let registry: TestRegistry;
beforeAll(async () => {
    registry = await TestRegistry.start();
});
afterAll(() => registry.emulator.stop());

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md */
describe("tag lists", () => {
    const image = "/v2/demo-project/images/paged";
    const list = (query: string) => registry.emulator.call("GET", `${image}/tags/list${query}`);

    beforeAll(async () => {
        const text = await registry.manifestOf("{}", "paged", image);
        for (const tag of ["b", "a", "B", "10", "9"]) {
            await registry.put(tag, text, image);
        }
    });

    it("are in ASCII order", async () => {
        expect((await list("")).at("tags")).toEqual(["10", "9", "B", "a", "b"]);
    });

    it("are split into pages of n, each with a link to the next", async () => {
        const seen: unknown[] = [];
        let target: string | undefined = `${image}/tags/list?n=2`;
        while (target !== undefined) {
            const page = await registry.emulator.call("GET", target);
            seen.push(page.at("tags"));
            target = /^<(.*)>; rel="next"$/.exec(page.headers.get("link") ?? "")?.[1];
        }
        expect(seen).toEqual([["10", "9"], ["B", "a"], ["b"]]);
    });

    it("begin after `last`, with and without n", async () => {
        expect((await list("?last=B")).at("tags")).toEqual(["a", "b"]);
        const page = await list("?last=B&n=1");
        expect([page.at("tags"), page.headers.get("link")]).toEqual([["a"], expect.stringContaining("last=a")]);
        expect((await list("?last=zzz")).at("tags")).toEqual([]);
    });

    it("are empty and have no link for n=0", async () => {
        const page = await list("?n=0");
        expect([page.at("tags"), page.headers.get("link")]).toEqual([[], null]);
    });

    it("are rejected with 400 if n is not a whole number", async () => {
        for (const n of ["-1", "x", "1.5", ""]) {
            expect([n, (await list(`?n=${n}`)).status]).toEqual([n, 400]);
        }
    });
});

describe("deleting", () => {
    it("removes a blob from one repository but not from the others", async () => {
        const wanted = await registry.upload("deleted");
        const there = "/v2/demo-project/others/y";
        await registry.emulator.call(
            "POST",
            `${there}/blobs/uploads/?mount=${wanted}&from=demo-project/images/group/tiny`,
        );
        expect((await registry.emulator.call("DELETE", `${IMAGE}/blobs/${wanted}`)).status).toBe(202);
        expect(code(await registry.emulator.call("GET", `${IMAGE}/blobs/${wanted}`))).toBe("BLOB_UNKNOWN");
        expect((await registry.emulator.call("GET", `${there}/blobs/${wanted}`)).text).toBe("deleted");
        expect((await registry.emulator.call("DELETE", `${there}/blobs/${wanted}`)).status).toBe(202);
        const files = await readdir(path.join(registry.emulator.dataDir, "registry", "blobs"));
        expect(files).not.toContain(wanted.slice("sha256:".length));
    });

    it("returns 404 for content that does not exist and 400 for a malformed digest", async () => {
        const gone = await registry.emulator.call("DELETE", `${IMAGE}/blobs/${digest("never pushed")}`);
        expect([gone.status, code(gone)]).toEqual([404, "BLOB_UNKNOWN"]);
        const invalid = await registry.emulator.call("DELETE", `${IMAGE}/blobs/latest`);
        expect([invalid.status, code(invalid)]).toEqual([400, "DIGEST_INVALID"]);
        expect((await registry.emulator.call("DELETE", `${IMAGE}/manifests/never-pushed`)).status).toBe(404);
    });

    it("requires the permission to delete artifacts", async () => {
        const wanted = await registry.upload("kept");
        const headers = basic("oauth2accesstoken", mintToken(READER).accessToken);
        const answer = await registry.emulator.call("DELETE", `${IMAGE}/blobs/${wanted}`, { token: null, headers });
        expect([answer.status, answer.at("errors.0.message")]).toEqual([
            403,
            expect.stringContaining("artifactregistry.repositories.deleteArtifacts"),
        ]);
    });

    it("also removes a manifest's tags", async () => {
        const text = await registry.manifestOf("{}", "tagged twice");
        await registry.put("one", text);
        await registry.put("two", text);
        await registry.emulator.call("DELETE", `${IMAGE}/manifests/${digest(text)}`);
        expect((await registry.emulator.call("GET", `${IMAGE}/manifests/one`)).status).toBe(404);
        expect((await registry.emulator.call("GET", `${IMAGE}/manifests/two`)).status).toBe(404);
    });
});

describe("referrers", () => {
    const image = "/v2/demo-project/images/signed";
    const subject = digest("a subject that was never pushed");
    const list = (query = "") => registry.emulator.call("GET", `${image}/referrers/${subject}${query}`);

    async function refer(more: object): Promise<string> {
        const base = JSON.parse(await registry.manifestOf("{}", "signature", image)) as object;
        const text = JSON.stringify({ ...base, subject: { mediaType: "x", digest: subject, size: 1 }, ...more });
        const pushed = await registry.put(digest(text), text, image);
        expect([pushed.status, pushed.headers.get("oci-subject")]).toEqual([201, subject]);
        return text;
    }

    it("are an empty index if there are none", async () => {
        const answer = await registry.emulator.call("GET", `${image}/referrers/${digest("nothing")}`);
        expect([answer.status, answer.headers.get("content-type"), JSON.parse(answer.text)]).toEqual([
            200,
            "application/vnd.oci.image.index.v1+json",
            { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [] },
        ]);
    });

    it("are listed with their type and annotations, and filtered by type", async () => {
        const signature = await refer({ artifactType: "example/signature", annotations: { by: "me" } });
        const attestation = await refer({});
        const all = JSON.parse((await list()).text) as { manifests: { digest: string }[] };
        const expected = [
            {
                mediaType: "application/vnd.oci.image.manifest.v1+json",
                size: signature.length,
                digest: digest(signature),
                artifactType: "example/signature",
                annotations: { by: "me" },
            },
            {
                mediaType: "application/vnd.oci.image.manifest.v1+json",
                size: attestation.length,
                digest: digest(attestation),
                artifactType: "application/vnd.oci.image.config.v1+json",
            },
        ];
        expect(all.manifests).toHaveLength(2);
        expect(all.manifests).toEqual(expect.arrayContaining(expected));
        const filtered = await list("?artifactType=example/signature");
        expect(filtered.headers.get("oci-filters-applied")).toBe("artifactType");
        expect(JSON.parse(filtered.text)).toMatchObject({ manifests: [{ digest: digest(signature) }] });
        await registry.emulator.call("DELETE", `${image}/manifests/${digest(signature)}`);
    });

    it("are removed with their manifest", async () => {
        const text = await refer({ artifactType: "example/gone" });
        await registry.emulator.call("DELETE", `${image}/manifests/${digest(text)}`);
        expect(JSON.parse((await list("?artifactType=example/gone")).text)).toMatchObject({ manifests: [] });
    });

    it("are rejected with 400 if the subject is not a digest", async () => {
        const answer = await registry.emulator.call("GET", `${image}/referrers/latest`);
        expect([answer.status, code(answer)]).toEqual([400, "DIGEST_INVALID"]);
        const pushed = await registry.put(
            "bad",
            '{"schemaVersion":2,"manifests":[],"subject":{"digest":"latest"}}',
            image,
        );
        expect([pushed.status, code(pushed)]).toEqual([400, "MANIFEST_INVALID"]);
    });
});

describe("sha512", () => {
    const sha512 = (content: string) => `sha512:${createHash("sha512").update(content).digest("hex")}`;

    it.each(["", "?digest-algorithm=sha512"])(
        "is accepted for the digest of a blob whose chunked upload began with %j",
        async (query) => {
            const content = `hello ${query}`;
            const begun = await registry.emulator.call("POST", `${IMAGE}/blobs/uploads/${query}`, { body: "" });
            const location = begun.headers.get("location") ?? "";
            await registry.emulator.call("PATCH", location, { body: content.slice(0, 3) });
            const finished = await registry.emulator.call("PUT", `${location}?digest=${sha512(content)}`, {
                body: content.slice(3),
            });
            expect([finished.status, finished.headers.get("docker-content-digest")]).toEqual([201, sha512(content)]);
            expect((await registry.emulator.call("GET", `${IMAGE}/blobs/${sha512(content)}`)).text).toBe(content);
        },
    );

    it("is accepted for the digest of a pushed manifest", async () => {
        const text = await registry.manifestOf("{}", "sha512");
        expect((await registry.put(sha512(text), text)).headers.get("docker-content-digest")).toBe(sha512(text));
        expect((await registry.emulator.call("GET", `${IMAGE}/manifests/${sha512(text)}`)).text).toBe(text);
    });

    it("is the only supported algorithm besides sha256", async () => {
        for (const query of ["digest-algorithm=md5", `digest=sha384:${"a".repeat(96)}`, "digest=sha512:00"]) {
            const answer = await registry.emulator.call("POST", `${IMAGE}/blobs/uploads/?${query}`, { body: "x" });
            expect([query, answer.status, code(answer)]).toEqual([query, 400, "DIGEST_INVALID"]);
        }
    });
});

describe("uploads", () => {
    const begin = async () =>
        (await registry.emulator.call("POST", `${IMAGE}/blobs/uploads/`, { body: "" })).headers.get("location") ?? "";

    it("belong to the repository in which they were started", async () => {
        const elsewhere = (await begin()).replace("/images/group/tiny/", "/others/y/");
        const answer = await registry.emulator.call("PATCH", elsewhere, { body: "x" });
        expect([answer.status, code(answer)]).toEqual([404, "BLOB_UPLOAD_UNKNOWN"]);
    });

    it("can be completed after a malformed digest", async () => {
        const location = await begin();
        expect((await registry.emulator.call("PUT", `${location}?digest=md5:1`, { body: "abc" })).status).toBe(400);
        const finished = await registry.emulator.call("PUT", `${location}?digest=${digest("abc")}`, { body: "abc" });
        expect(finished.status).toBe(201);
    });

    it.each([
        ["0-9", "SIZE_INVALID"],
        ["none", "BLOB_UPLOAD_INVALID"],
    ])("reject a 3-byte chunk whose Content-Range is %s, with the error %s", async (range, expected) => {
        const headers = { "content-range": range };
        const answer = await registry.emulator.call("PATCH", await begin(), { body: "abc", headers });
        expect([answer.status, code(answer)]).toEqual([400, expected]);
    });
});

describe("a range of a blob", () => {
    it.each([
        ["bytes=1-3", 206, "123", "bytes 1-3/10"],
        ["bytes=8-", 206, "89", "bytes 8-9/10"],
        ["bytes=-2", 206, "89", "bytes 8-9/10"],
        ["bytes=0-1,3-4", 200, "0123456789", null],
    ])("%s returns %d", async (range, status, text, contentRange) => {
        const wanted = await registry.upload("0123456789");
        const answer = await registry.emulator.call("GET", `${IMAGE}/blobs/${wanted}`, { headers: { range } });
        expect([answer.status, answer.text, answer.headers.get("content-range")]).toEqual([status, text, contentRange]);
    });

    it.each(["bytes=10-", "bytes=5-2"])("%s returns 416", async (range) => {
        const answer = await registry.emulator.call("GET", `${IMAGE}/blobs/${await registry.upload("0123456789")}`, {
            headers: { range },
        });
        expect([answer.status, answer.headers.get("content-range")]).toEqual([416, "bytes */10"]);
    });
});

describe("the registry's manifests", () => {
    it("may contain nondistributable layers", async () => {
        const text = JSON.stringify({
            ...(JSON.parse(await registry.manifestOf("{}", "distributed")) as object),
            layers: [
                {
                    mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                    digest: digest("elsewhere"),
                    size: 1,
                    urls: ["https://example.com/layer"],
                },
            ],
        });
        expect((await registry.put("foreign", text)).status).toBe(201);
    });

    it("can be pushed by digest with tags as parameters", async () => {
        const text = await registry.manifestOf("{}", "tags as parameters");
        const answer = await registry.put(`${digest(text)}?tag=t1&tag=t2`, text);
        expect([answer.status, answer.headers.get("oci-tag")]).toEqual([201, "t1, t2"]);
        expect((await registry.emulator.call("GET", `${IMAGE}/manifests/t2`)).text).toBe(text);
        const invalid = await registry.put(`${digest(text)}?tag=-t`, text);
        expect([invalid.status, code(invalid)]).toEqual([400, "MANIFEST_INVALID"]);
    });
});

describe("the registry", () => {
    it.each([
        ["GET", "/v2/_catalog", "GET /v2/_catalog"],
        ["GET", `${IMAGE}/blobs`, "/blobs"],
        ["PUT", `${IMAGE}/tags/list`, "/tags/list"],
        ["GET", `${IMAGE}/manifests/v1?n=1`, 'query parameter "n"'],
        ["DELETE", `${IMAGE}/manifests/v1?digest=x`, 'query parameter "digest"'],
    ])("returns 501 for the unsupported request %s %s, and names it", async (method, target, name) => {
        const answer = await registry.emulator.call(method, target);
        expect([answer.status, code(answer)]).toEqual([501, "UNSUPPORTED"]);
        expect(answer.at("errors.0.message")).toContain(name);
    });

    it("rejects a path with invalid percent-encoding", async () => {
        const answer = await registry.emulator.call("GET", "/v2/demo-project/images/%E0%A4%A/manifests/v1");
        expect(answer.status).toBe(400);
    });
});
