import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { createServices, mainRoutes } from "../src/services";
import { TestEmulator } from "../src/testing";
import { cloudConfig, TestInstance } from "./vm/support";

/** `FUZZ_RUNS=20000 FUZZ_SEED=1 npx jest emulator/test/fuzz` tries more cases. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 400);
const SEED = Number(process.env.FUZZ_SEED ?? 20_26);
const SECRET = "content of a file outside of the data folder";

jest.setTimeout(60_000 + RUNS * 50);

/** A folder that contains the data folder, along with a file that no request may reach. */
let parent: string;
let emulator: TestEmulator;
/** `http://host:port` of a VM's own port. */
let vmPort: string;
const agent = new Agent({ keepAlive: true });
/** The pattern of every route, with its query parameters. */
let routes: { method: string; pattern: string; query: readonly string[] }[];

beforeAll(async () => {
    parent = await mkdtemp(path.join(tmpdir(), "fuzz-"));
    await writeFile(path.join(parent, "outside"), SECRET);
    const options = { dataDir: path.join(parent, "routes"), runtime: "process" } as const;
    routes = mainRoutes(createServices(options, "unused")).map(({ method, pattern, options: { query = [] } }) => ({
        method,
        pattern,
        query,
    }));
    emulator = await TestEmulator.start({ dataDir: path.join(parent, "data") });
    await emulator.makeBucket("a-bucket", { versioning: { enabled: true } });
    await emulator.upload("a-bucket", "an-object", "0123456789");
    await emulator.ok("POST", "/v1/projects/demo-project/locations/us-central1/repositories?repositoryId=images", {
        body: { format: "DOCKER" },
    });
    const vm = await TestInstance.create(emulator, "vm", cloudConfig({}, 'echo "control $EMULATOR_VM_CONTROL"'));
    vmPort = /control (http:\/\/[^/]+)/.exec(await vm.untilSerial("control http"))?.[1] ?? "";
});
afterAll(async () => {
    agent.destroy();
    await emulator.stop();
    await rm(parent, { recursive: true, force: true });
});

const DIGEST = `sha256:${"0".repeat(64)}`;
const WORDS = ["a-bucket", "an-object", "demo-project", "us-central1", "us-central1-a", "images", "vm", "default", "1"];
const HOSTILE = [
    "..",
    "../../outside",
    "..\\outside",
    "/etc/passwd",
    "\0",
    ".",
    "",
    "a\nb",
    "__proto__",
    "constructor",
    "toString",
    "-1",
    "1e999",
    "NaN",
    "9".repeat(30),
    "x".repeat(2000),
    "\u{1F600}é\uFFFE",
    "*",
    "name:verb",
    DIGEST,
];
const word = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...WORDS) }, fc.constantFrom(...HOSTILE), fc.string());
/** A path segment that is percent-encoded once, twice or incorrectly, or left unchanged where HTTP allows that. */
const segment = fc.oneof(
    { weight: 4, arbitrary: word.map(encode) },
    word.map((text) => encode(encode(text))),
    word.map((text) => text.replace(/[^!-~]|[?#]/g, "")),
    fc.constantFrom("%E0%A4%A", "%", "%zz", "%2e%2e%2foutside", "..", "..%5Coutside"),
);
const body = fc.oneof(
    fc.constant(undefined),
    fc.string(),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    fc.json({ maxDepth: 3 }),
    fc.dictionary(fc.constantFrom("name", "bindings", "policy", "metadata", "kind", "__proto__"), word).map(toJson),
    fc.constantFrom("null", "[]", "{", "{}", '"x"', "[".repeat(20_000), `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`),
    word.map((name) => `--b\r\ncontent-type: application/json\r\n\r\n${toJson({ name })}\r\n--b\r\n\r\nx\r\n--b--`),
);
const headers = fc.dictionary(
    fc.constantFrom(
        "accept-encoding",
        "content-range",
        "content-type",
        "if-match",
        "if-none-match",
        "metadata-flavor",
        "range",
        "x-goog-hash",
        "x-upload-content-type",
        "x-guploader-no-308",
    ),
    fc.oneof(
        fc.constantFrom(
            "application/json",
            "multipart/related; boundary=b",
            "multipart/related; boundary=",
            "bytes=0-3",
            "bytes=-0",
            "bytes=9-2",
            "bytes 0-9/10",
            "bytes */*",
            "0-5",
            "md5=x,crc32c=",
            "Google",
            "gzip",
            "*",
        ),
        word.map((text) => text.replace(/[^ -~]/g, "")),
    ),
    { maxKeys: 3 },
);

function encode(text: string): string {
    return encodeURIComponent(text.replace(/\p{Surrogate}/gu, ""));
}

function toJson(value: unknown): string {
    return JSON.stringify(value);
}

interface Fuzzed {
    readonly method: string;
    readonly target: string;
    readonly headers: Record<string, string>;
    readonly body: string | undefined;
}

/** Requests that resemble a port's routes, so that they reach its handlers. */
function requestsTo(prefixes: readonly string[]): fc.Arbitrary<Fuzzed> {
    const near = fc
        .constantFrom(...routes.filter(({ pattern }) => prefixes.some((prefix) => pattern.startsWith(prefix))))
        .chain(({ method, pattern, query }) => {
            const holes = pattern.match(/[:*]\w+/g)?.length ?? 0;
            const parameters = fc.dictionary(
                query.length === 0
                    ? fc.constantFrom("alt", "fields")
                    : fc.oneof(fc.constantFrom(...query), fc.constantFrom("alt", "fields", "uploadType", "unknown")),
                fc.oneof(word, fc.constantFrom("media", "resumable", "multipart", "0", "items(", "true")),
                { maxKeys: 4 },
            );
            return fc.record({
                method: fc.oneof(
                    { weight: 8, arbitrary: fc.constant(method) },
                    fc.constantFrom("GET", "PUT", "OPTIONS"),
                ),
                target: fc
                    .tuple(fc.array(segment, { minLength: holes, maxLength: holes }), parameters)
                    .map(([parts, values]) => {
                        let next = 0;
                        const filled = pattern
                            .replaceAll("\\:", "\0")
                            .replaceAll(/[:*]\w+/g, () => parts[next++] ?? "")
                            .replaceAll("\0", ":");
                        const search = Object.entries(values).map(([name, value]) => `${name}=${encode(value)}`);
                        return search.length === 0 ? filled : `${filled}?${search.join("&")}`;
                    }),
                headers,
                body,
            });
        });
    const far = fc.record({
        method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"),
        target: fc.array(segment, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`),
        headers,
        body,
    });
    return fc.oneof({ weight: 6, arbitrary: near }, far);
}

/** Sends a request unchanged, because fetch would resolve `..` in its path. Rejects if there is no response. */
function send(origin: string, fuzzed: Fuzzed, token: string | undefined): Promise<{ status: number; text: string }> {
    const { hostname, port } = new URL(origin);
    return new Promise((resolve, reject) => {
        const call = httpRequest(
            {
                hostname,
                port,
                agent,
                method: fuzzed.method,
                path: fuzzed.target,
                headers: {
                    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
                    ...fuzzed.headers,
                    ...(fuzzed.body === undefined ? {} : { "content-length": String(Buffer.byteLength(fuzzed.body)) }),
                },
            },
            (response) => {
                let text = "";
                response.setEncoding("latin1").on("data", (chunk: string) => {
                    text += chunk;
                });
                response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
                response.on("error", reject);
            },
        );
        call.on("error", reject).end(fuzzed.body);
    });
}

/** Returns the statuses of the responses. */
async function fuzz(origin: string, requests: fc.Arbitrary<Fuzzed>, token: string | undefined): Promise<Set<number>> {
    const statuses = new Set<number>();
    await fc.assert(
        fc.asyncProperty(requests, async (fuzzed) => {
            const { status, text } = await send(origin, fuzzed, token);
            statuses.add(status);
            // A 501 names a feature that is not emulated; any other 5xx is a bug.
            expect(status < 500 || status === 501 ? "answered" : text).toBe("answered");
            expect(text).not.toContain(SECRET);
            expect(text).not.toContain("root:x:0");
        }),
        { numRuns: RUNS, seed: SEED },
    );
    return statuses;
}

const VM_PREFIXES = ["/storage/v1", "/upload/storage", "/download/storage", "/v1/projects/:project/secrets"];

describe("requests that no real client sends", () => {
    it("all get a response on the main port, without an internal error", async () => {
        const statuses = await fuzz(emulator.url, requestsTo([""]), "developer");
        expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404, 501]));
    });

    it("all get a response on the main port without a token", async () => {
        await fuzz(emulator.url, requestsTo([""]), undefined);
    });

    it("all get a response on a VM's port", async () => {
        await fuzz(vmPort, requestsTo(VM_PREFIXES), undefined);
        const metadata = requestsTo(VM_PREFIXES).map((fuzzed) => ({
            ...fuzzed,
            target: `/computeMetadata/v1${fuzzed.target}`,
            headers: { ...fuzzed.headers, "metadata-flavor": "Google" },
        }));
        await fuzz(vmPort, metadata, undefined);
    });

    it("get a 400 response if they are not HTTP", async () => {
        for (const origin of [emulator.url, vmPort]) {
            for (const bytes of [
                "\0\0\0\0\r\n\r\n",
                "GET\r\n\r\n",
                "GET / HTTP/9.9\r\n\r\n",
                "\x16\x03\x01\x02\0\x01",
            ]) {
                const socket = connect(Number(new URL(origin).port), "127.0.0.1");
                let answer = "";
                socket.on("data", (chunk: Buffer) => {
                    answer += chunk.toString("latin1");
                });
                const closed = new Promise((resolve) => socket.on("close", resolve));
                socket.end(bytes);
                await closed;
                expect([bytes, answer]).toEqual([bytes, expect.stringMatching(/^HTTP\/1\.1 400 /)]);
            }
        }
    });

    it("change no files outside the data folder, and leave the emulator working", async () => {
        expect((await readdir(parent)).sort()).toEqual(["data", "outside", "routes"]);
        expect(await readFile(path.join(parent, "outside"), "utf8")).toBe(SECRET);
        expect((await emulator.call("GET", "/storage/v1/b?project=demo-project")).status).toBe(200);
    });
});
