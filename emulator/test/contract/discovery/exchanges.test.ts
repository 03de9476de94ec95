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

describe("the judge of requests and answers", () => {
    it("has nothing against what is as described", () => {
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
        ["a method that Google has not", { target: "/compute/v1/p/disk?zone=z" }, "Google has no such method"],
        [
            "a path parameter of another form",
            { target: "/compute/v1/P1/disks?zone=z" },
            'parameter project: "P1" does not',
        ],
        ["a query parameter that is missing", { target: "/compute/v1/p/disks" }, "query parameter zone is missing"],
        ["an unknown query parameter", { target: "/compute/v1/p/disks?zone=z&x=1" }, "unknown query parameter x"],
        ["a query parameter given twice", { target: "/compute/v1/p/disks?zone=z&zone=y" }, "zone is repeated"],
        ["text for a number in the query", { target: "/compute/v1/p/disks?zone=z&size=big" }, '"big" is no integer'],
        ["text for a boolean in the query", { target: "/compute/v1/p/disks?zone=z&force=x" }, '"x" is no boolean'],
        ["a field that a request must have", { request: {} }, "request name: required by compute.disks.insert"],
        ["an unknown field of a request", { request: { name: "a", x: 1 } }, "request x: unknown field"],
        ["an unknown field of an answer", { response: { ...GOOD, x: 1 } }, "response x: unknown field"],
        ["an unknown field deep in an answer", { response: { ...GOOD, owner: { ...GOOD, x: 1 } } }, "owner.x: unknown"],
        ["a 64-bit number that is no text", { response: { ...GOOD, sizeGb: 9 } }, "response sizeGb: 9 is no string"],
        ["a 64-bit number beyond 64 bits", { response: { ...GOOD, sizeGb: "9223372036854775808" } }, "is no int64"],
        ["text for a number", { response: { ...GOOD, count: "1" } }, 'count: "1" is no integer'],
        ["a number beyond 32 bits", { response: { ...GOOD, count: 2 ** 31 } }, "out of the range of int32"],
        ["an unknown word of an enum", { response: { ...GOOD, status: "OK" } }, '"OK" is none of READY, FAILED'],
        ["bytes that are no base64", { response: { ...GOOD, fingerprint: "a b" } }, "is no byte"],
        ["a time that is no RFC 3339", { response: { ...GOOD, creationTimestamp: "today" } }, "is no RFC 3339 time"],
        ["a label that is no text", { response: { ...GOOD, labels: { a: 1 } } }, "labels.a: 1 is no string"],
        ["an object for an array", { response: { ...GOOD, users: {} } }, "users: {} is no array"],
        ["a list of other things", { response: { ...GOOD, users: ["a", 1] } }, "users[1]: 1 is no string"],
        ["null in an answer", { response: { ...GOOD, boot: null } }, "boot: null is no boolean"],
        ["a name of another form", { response: { ...GOOD, name: "A" } }, 'name: "A" does not match'],
        ["an answer without its kind", { response: { name: "a" } }, 'kind: nothing instead of "compute#disk"'],
        [
            "a packed message of another form",
            { response: { ...GOOD, any: { "@type": "x/y.Disk", boot: 1 } } },
            "any.boot",
        ],
        ["an answer that is no JSON by its type", { type: "text/plain" }, "the answer is no JSON"],
        ["an error of another form", { status: 404, response: { message: "x" } }, "no error as Google writes it"],
        [
            "an error with another code",
            { status: 404, response: { error: { code: 400, message: "x" } } },
            "no error as",
        ],
        ["a failure of the server", { status: 500, response: { error: { code: 500, message: "x" } } }, "status 500: x"],
    ])("finds %s", (_, parts, problem) => {
        expect(problemsOf(parts)).toContainEqual(expect.stringContaining(problem));
    });

    it("lets requests hold null for what is not set, and numbers for 64-bit text", () => {
        expect(problemsOf({ request: { name: "a", boot: null, sizeGb: 9 } })).toEqual([]);
    });
});
