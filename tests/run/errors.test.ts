import { classifyError, detailOf, messageOf } from "../../run/errors";

const error = (message: string, properties: object = {}) => Object.assign(new Error(message), properties);

describe("classifyError", () => {
    it.each([
        ["a 401 from the storage client", error("Invalid Credentials", { code: 401 }), "expired"],
        ["a 401 from the auth client", error("failed", { status: 401 }), "expired"],
        ["an expired refresh token", error("invalid_grant", { code: "400" }), "expired"],
        ["a request to log in again", error("reauth related error (invalid_rapt)", { code: 400 }), "expired"],
        ["a missing permission", error("does not have storage.objects.get access", { code: 403 }), "denied"],
        ["a request quota", error("rateLimitExceeded", { code: 403 }), "transient"],
        ["a missing object", error("No such object", { code: 404 }), "missing"],
        ["too many requests", error("slow down", { code: 429 }), "transient"],
        ["a server error", error("failed", { response: { status: 503 } }), "transient"],
        ["a host name that cannot be resolved", error("getaddrinfo", { code: "EAI_AGAIN" }), "transient"],
        [
            "an error caused by a refused connection",
            error("failed", { cause: error("x", { code: "ECONNREFUSED" }) }),
            "transient",
        ],
        ["a broken connection", error("socket hang up"), "transient"],
        ["a request that timed out", error("network timeout at: http://x/", { type: "request-timeout" }), "transient"],
        [
            "a response that stopped",
            error("Response timeout while trying to fetch http://x/ (over 60000ms)"),
            "transient",
        ],
        ["an invalid request", error("bad", { code: 400 }), "other"],
        ["a bug", new TypeError("x is not a function"), "other"],
        ["a thrown string", "text", "other"],
    ])("classifies %s", (_what, thrown, kind) => {
        expect(classifyError(thrown)).toBe(kind);
    });
});

describe("detailOf", () => {
    it.each([
        ["Injected fault.", "Injected fault"],
        ["Invalid Credentials", "Invalid Credentials"],
        ["Try again later.\n", "Try again later"],
    ])("ends without a full stop, for use within a sentence: %j", (message, detail) => {
        expect(detailOf(new Error(message))).toBe(detail);
    });
});

describe("messageOf", () => {
    it.each([
        ['{"error":{"code":401,"message":"Invalid Credentials"}}', "Invalid Credentials"],
        ['{"error":"no object"}', '{"error":"no object"}'],
        ["{not JSON", "{not JSON"],
        ["plain text", "plain text"],
    ])("returns the message in a JSON response, and any other text unchanged: %s", (text, message) => {
        expect(messageOf(new Error(text))).toBe(message);
    });
});
