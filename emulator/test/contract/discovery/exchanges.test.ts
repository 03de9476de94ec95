import type { Document } from "./documents";
import { checkExchanges } from "./exchanges";
import type { Exchange } from "./recorder";

const document: Document = {
    id: "compute:v1",
    servicePath: "compute/v1/",
    parameters: { alt: { location: "query", type: "string", enum: ["json", "media"] } },
    schemas: {
        Disk: {
            type: "object",
            properties: {
                kind: { type: "string", default: "compute#disk" },
                name: { type: "string", pattern: "[a-z]+", annotations: { required: ["compute.disks.insert"] } },
                sizeGb: { type: "string", format: "int64" },
                count: { type: "integer", format: "int32" },
                status: { type: "string", enum: ["READY", "FAILED"] },
                fingerprint: { type: "string", format: "byte" },
                creationTimestamp: { type: "string", description: "In RFC3339 text format." },
                labels: { type: "object", additionalProperties: { type: "string" } },
                users: { type: "array", items: { type: "string" } },
                boot: { type: "boolean" },
                any: { type: "object", additionalProperties: { type: "any" } },
                owner: { $ref: "Disk" },
            },
        },
    },
    methods: {
        insert: {
            id: "compute.disks.insert",
            httpMethod: "POST",
            path: "{project}/disks",
            parameters: {
                project: { location: "path", type: "string", required: true, pattern: "[a-z-]+" },
                zone: { location: "query", type: "string", required: true },
                size: { location: "query", type: "integer" },
                force: { location: "query", type: "boolean" },
            },
            request: { $ref: "Disk" },
            response: { $ref: "Disk" },
        },
    },
};

interface Parts {
    readonly target?: string;
    readonly request?: unknown;
    readonly status?: number;
    readonly response?: unknown;
    readonly type?: string;
}

const GOOD = { kind: "compute#disk", name: "a", sizeGb: "9" };

function problemsOf(parts: Parts): string[] {
    const exchange: Exchange = {
        method: "POST",
        target: parts.target ?? "/compute/v1/p/disks?zone=z",
        requestHeaders: { "content-type": "application/json" },
        requestBody: Buffer.from(JSON.stringify(parts.request ?? { name: "a" })),
        status: parts.status ?? 200,
        responseHeaders: { "content-type": parts.type ?? "application/json; charset=UTF-8" },
        responseBody: Buffer.from(JSON.stringify(parts.response ?? GOOD)),
    };
    const { problems } = checkExchanges([exchange], [document], () => true);
    return problems.map((problem) => problem.replace(/^.*?\(\d+\): /, ""));
}

describe("the validator for requests and responses", () => {
    it("accepts exchanges that match their descriptions", () => {
        expect(problemsOf({})).toEqual([]);
        const full = {
            ...GOOD,
            count: -1,
            status: "READY",
            fingerprint: "YQ==",
            creationTimestamp: "2026-01-02T03:04:05.678-08:00",
            labels: { a: "b" },
            users: [],
            boot: false,
            owner: GOOD,
        };
        expect(problemsOf({ response: full })).toEqual([]);
    });

    it.each<[string, Parts, string]>([
        [
            "a method that Google does not have",
            { target: "/compute/v1/p/disk?zone=z" },
            "Google does not have this method",
        ],
        ["a malformed path parameter", { target: "/compute/v1/P1/disks?zone=z" }, 'parameter project: "P1" does not'],
        ["a missing query parameter", { target: "/compute/v1/p/disks" }, "query parameter zone is missing"],
        ["an unknown query parameter", { target: "/compute/v1/p/disks?zone=z&x=1" }, "unknown query parameter x"],
        ["a repeated query parameter", { target: "/compute/v1/p/disks?zone=z&zone=y" }, "zone is repeated"],
        [
            "a string for a number in the query",
            { target: "/compute/v1/p/disks?zone=z&size=big" },
            '"big" is not a valid integer',
        ],
        [
            "a string for a boolean in the query",
            { target: "/compute/v1/p/disks?zone=z&force=x" },
            '"x" is not a valid boolean',
        ],
        ["a missing required field of a request", { request: {} }, "request name: required by compute.disks.insert"],
        ["an unknown field in a request", { request: { name: "a", x: 1 } }, "request x: unknown field"],
        ["an unknown field in a response", { response: { ...GOOD, x: 1 } }, "response x: unknown field"],
        [
            "a nested unknown field in a response",
            { response: { ...GOOD, owner: { ...GOOD, x: 1 } } },
            "owner.x: unknown",
        ],
        [
            "a 64-bit number that is not a string",
            { response: { ...GOOD, sizeGb: 9 } },
            "response sizeGb: 9 is not a string",
        ],
        [
            "a number that exceeds 64 bits",
            { response: { ...GOOD, sizeGb: "9223372036854775808" } },
            "is not a valid int64",
        ],
        ["a string for a number", { response: { ...GOOD, count: "1" } }, 'count: "1" is not a valid integer'],
        ["a number that exceeds 32 bits", { response: { ...GOOD, count: 2 ** 31 } }, "out of the range of int32"],
        ["an unknown enum value", { response: { ...GOOD, status: "OK" } }, '"OK" is not one of READY, FAILED'],
        ["bytes that are not base64", { response: { ...GOOD, fingerprint: "a b" } }, "is not a valid byte"],
        [
            "a time that is not RFC 3339",
            { response: { ...GOOD, creationTimestamp: "today" } },
            "is not an RFC 3339 time",
        ],
        ["a label that is not a string", { response: { ...GOOD, labels: { a: 1 } } }, "labels.a: 1 is not a string"],
        ["an object for an array", { response: { ...GOOD, users: {} } }, "users: {} is not an array"],
        [
            "a list with elements of the wrong type",
            { response: { ...GOOD, users: ["a", 1] } },
            "users[1]: 1 is not a string",
        ],
        ["null in a response", { response: { ...GOOD, boot: null } }, "boot: null is not a boolean"],
        ["a malformed name", { response: { ...GOOD, name: "A" } }, 'name: "A" does not match'],
        ["a response without its kind", { response: { name: "a" } }, 'kind: nothing instead of "compute#disk"'],
        ["a malformed packed message", { response: { ...GOOD, any: { "@type": "x/y.Disk", boot: 1 } } }, "any.boot"],
        ["a response whose type is not JSON", { type: "text/plain" }, "the response is not JSON"],
        ["a malformed error", { status: 404, response: { message: "x" } }, "not an error in Google's format"],
        [
            "an error with the wrong code",
            { status: 404, response: { error: { code: 400, message: "x" } } },
            "not an error in",
        ],
        ["a server error", { status: 500, response: { error: { code: 500, message: "x" } } }, "status 500: x"],
    ])("reports %s", (_, parts, problem) => {
        expect(problemsOf(parts)).toContainEqual(expect.stringContaining(problem));
    });

    it("allows null for unset fields and numbers for 64-bit strings in requests", () => {
        expect(problemsOf({ request: { name: "a", boot: null, sizeGb: 9 } })).toEqual([]);
    });
});
