import { ApiError } from "../../src/http/errors";
import { mount, Router, route } from "../../src/http/router";

const handler = () => ({});
const router = new Router([
    route("GET", "/b/:bucket/o/:object", handler, { query: ["generation"] }),
    route("POST", "/v1/projects/:project\\:getIamPolicy", handler),
    route("GET", "/v1/projects/:project", handler),
    route("GET", "/v2/*name/manifests/:reference", handler),
    ...mount("/storage/v1", [route("GET", "/b/:bucket", handler)]),
]);
const noQuery = new URLSearchParams();

function find(method: string, path: string, query = noQuery) {
    const { route: found, params } = router.find(method, path, query);
    return { pattern: found.pattern, params };
}

describe("the router", () => {
    it.each([
        ["GET", "/b/x/o/plain", "/b/:bucket/o/:object", { bucket: "x", object: "plain" }],
        ["GET", "/b/x/o/a%2Fb%20%C3%A9", "/b/:bucket/o/:object", { bucket: "x", object: "a/b é" }],
        ["GET", "/b/x/o/..%2F..", "/b/:bucket/o/:object", { bucket: "x", object: "../.." }],
        ["POST", "/v1/projects/abc:getIamPolicy", "/v1/projects/:project\\:getIamPolicy", { project: "abc" }],
        ["GET", "/v1/projects/abc", "/v1/projects/:project", { project: "abc" }],
        [
            "GET",
            "/v2/p/r/i/manifests/sha256:ab",
            "/v2/*name/manifests/:reference",
            { name: "p/r/i", reference: "sha256:ab" },
        ],
        ["GET", "/storage/v1/b/x/", "/storage/v1/b/:bucket", { bucket: "x" }],
    ])("finds %s %s", (method, path, pattern, params) => {
        expect(find(method, path)).toEqual({ pattern, params });
    });

    it.each([
        ["PUT", "/b/x/o/y", "PUT /b/x/o/y"],
        ["GET", "/nothing", "GET /nothing"],
        ["GET", "/v1/projects/abc:undelete", "GET /v1/projects/abc:undelete"],
        ["GET", "/B/x/o/y", "GET /B/x/o/y"],
        ["GET", "/b/x/o/a/b", "GET /b/x/o/a/b"],
    ])("returns 501 for %s %s, naming the request", (method, path, named) => {
        expect(() => find(method, path)).toThrow(
            expect.objectContaining({ code: 501, message: expect.stringContaining(named) }),
        );
    });

    it("returns 501 for an unknown query parameter, naming it", () => {
        expect(() => find("GET", "/b/x/o/y", new URLSearchParams("generation=1&softDeleted=true"))).toThrow(
            expect.objectContaining({ code: 501, message: expect.stringContaining('query parameter "softDeleted"') }),
        );
    });

    it("accepts Google's system parameters on every route", () => {
        const query = new URLSearchParams("alt=json&prettyPrint=false&fields=name&key=k&quotaUser=u&userIp=1.2.3.4");
        expect(find("GET", "/v1/projects/abc", query).params).toEqual({ project: "abc" });
    });

    it("returns 400 for a parameter with invalid percent-encoding", () => {
        expect(() => find("GET", "/b/x/o/%E0%A4%A")).toThrow(ApiError);
        expect(() => find("GET", "/b/x/o/%E0%A4%A")).toThrow(expect.objectContaining({ code: 400 }));
    });
});
