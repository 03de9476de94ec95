import { checkCaller, LOOPBACK_NAMES } from "../../src/http/caller";

describe("checkCaller", () => {
    it.each([
        [{ host: "127.0.0.1:9010" }],
        [{ host: "localhost" }],
        [{ host: "LocalHost:80" }],
        [{ host: "[::1]:9010" }],
        [{ host: "127.0.0.1:9010", origin: "http://127.0.0.1:9010", "sec-fetch-site": "same-origin" }],
        [{ host: "127.0.0.1:9010", "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }],
        [
            {
                host: "127.0.0.1:9010",
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "sec-fetch-dest": "document",
            },
        ],
    ])("accepts %j", (headers) => {
        expect(() => checkCaller(headers, LOOPBACK_NAMES)).not.toThrow();
    });

    it.each([
        [{}, 'names ""'],
        [{ host: "rebound.example:9010" }, 'names "rebound.example:9010"'],
        [{ host: "127.0.0.1.example" }, "127.0.0.1.example"],
        [{ host: "localhost.:80" }, "localhost."],
        [{ host: "127.0.0.1@evil.example" }, "evil.example"],
        [{ host: "127.0.0.1:9010", origin: "http://evil.example" }, "http://evil.example"],
        [{ host: "127.0.0.1:9010", origin: "http://127.0.0.1:9011" }, "http://127.0.0.1:9011"],
        [{ host: "127.0.0.1:9010", origin: "null" }, "null"],
        [{ host: "127.0.0.1:9010", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, "cross-site"],
        [{ host: "127.0.0.1:9010", "sec-fetch-site": "same-site" }, "same-site"],
        [
            {
                host: "127.0.0.1:9010",
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "sec-fetch-dest": "iframe",
            },
            "cross-site",
        ],
    ])("rejects %j", (headers, message) => {
        expect(() => checkCaller(headers, LOOPBACK_NAMES)).toThrow(message);
    });
});
