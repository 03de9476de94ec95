import { classifyError } from "../../run/errors";

const error = (message: string, properties: object = {}) => Object.assign(new Error(message), properties);

describe("trouble with Google's clients", () => {
    it.each([
        ["a 401 of the storage client", error("Invalid Credentials", { code: 401 }), "expired"],
        ["a 401 of the auth client", error("failed", { status: 401 }), "expired"],
        ["a refresh token that has ended", error("invalid_grant", { code: "400" }), "expired"],
        ["a login that is asked for again", error("reauth related error (invalid_rapt)", { code: 400 }), "expired"],
        ["a missing right", error("does not have storage.objects.get access", { code: 403 }), "denied"],
        ["a quota for requests", error("rateLimitExceeded", { code: 403 }), "transient"],
        ["a missing object", error("No such object", { code: 404 }), "missing"],
        ["too many requests", error("slow down", { code: 429 }), "transient"],
        ["a server's fault", error("failed", { response: { status: 503 } }), "transient"],
        ["a name that cannot be looked up", error("getaddrinfo", { code: "EAI_AGAIN" }), "transient"],
        ["a refused connection below", error("failed", { cause: error("x", { code: "ECONNREFUSED" }) }), "transient"],
        ["a broken connection", error("socket hang up"), "transient"],
        [
            "a request that took too long",
            error("network timeout at: http://x/", { type: "request-timeout" }),
            "transient",
        ],
        ["a wrong request", error("bad", { code: 400 }), "other"],
        ["a bug", new TypeError("x is not a function"), "other"],
        ["something that is no error", "text", "other"],
    ])("is told apart for %s", (_what, thrown, trouble) => {
        expect(classifyError(thrown)).toBe(trouble);
    });
});
