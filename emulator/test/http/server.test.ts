import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { TestEmulator } from "../../src/testing";

let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
    await emulator.makeBucket("http-bucket");
});
afterAll(() => emulator.stop());

describe("the HTTP server", () => {
    it("returns Google's 401 for a request without a token", async () => {
        const answer = await emulator.call("GET", "/storage/v1/b/http-bucket", { token: null });
        expect(answer.status).toBe(401);
        expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm=/);
        expect(answer.at("error")).toMatchObject({ code: 401 });
    });

    it("returns errors in Google's JSON format", async () => {
        const answer = await emulator.call("GET", "/storage/v1/b/no-such-bucket");
        expect(answer.status).toBe(404);
        expect(answer.json).toEqual({
            error: {
                code: 404,
                message: "The specified bucket does not exist.",
                errors: [{ message: "The specified bucket does not exist.", domain: "global", reason: "notFound" }],
            },
        });
    });

    it.each([
        ["GET", "/compute/v9/nothing"],
        ["OPTIONS", "/storage/v1/b"],
        ["POST", "/storage/v1/b/http-bucket/relocate"],
    ])("returns a 501 that names the request and that clients do not retry: %s %s", async (method, path) => {
        const answer = await emulator.call(method, path);
        expect(answer.status).toBe(501);
        expect(answer.at("error.message")).toContain(path);
    });

    it("returns an error that names an unknown query parameter", async () => {
        const answer = await emulator.call("GET", "/storage/v1/b/http-bucket/o?matchGlob=**");
        expect(answer.status).toBe(501);
        expect(answer.at("error.message")).toContain('query parameter "matchGlob"');
    });

    it("returns an error that names every unknown body field with its path", async () => {
        const body = { name: "another-bucket", website: {}, lifecycle: { rule: [], more: 1 } };
        const answer = await emulator.call("POST", "/storage/v1/b?project=demo-project", { body });
        expect(answer.status).toBe(501);
        expect(answer.at("error.message")).toContain('"website"');
        expect(answer.at("error.message")).toContain('"lifecycle.more"');
    });

    it("treats null in a body as an absent field, even for unknown fields", async () => {
        const body = { name: "null-bucket", labels: null, website: null, versioning: { enabled: true, more: null } };
        const answer = await emulator.call("POST", "/storage/v1/b?project=demo-project", { body });
        expect(answer.json).toMatchObject({ name: "null-bucket", versioning: { enabled: true } });
    });

    it.each([["{"], ["[1]"], ['"text"']])("returns 400 for a body of %s", async (body) => {
        const answer = await emulator.call("POST", "/storage/v1/b?project=demo-project", { body });
        expect(answer.status).toBe(400);
        expect(answer.at("error.errors.0.reason")).toBe("parseError");
    });

    it("returns 400 for a body that is nested too deeply", async () => {
        const nested = (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
        const post = (body: string) => emulator.call("POST", "/storage/v1/b?project=demo-project", { body });
        for (const levels of [100, 5000]) {
            expect((await post(nested(levels))).at("error.errors.0.reason")).toBe("parseError");
        }
        expect((await post(nested(90))).at("error.errors.0.reason")).not.toBe("parseError");
    });

    it("returns 400 for invalid fields before it changes anything", async () => {
        const body = { name: "masked-bucket", location: "us-central1" };
        const answer = await emulator.call("POST", "/storage/v1/b?project=demo-project&fields=items(", { body });
        expect(answer.status).toBe(400);
        expect((await emulator.call("GET", "/storage/v1/b/masked-bucket")).status).toBe(404);
    });

    it("indents JSON unless prettyPrint=false", async () => {
        const pretty = await emulator.call("GET", "/storage/v1/b/http-bucket?alt=json");
        const compact = await emulator.call("GET", "/storage/v1/b/http-bucket?alt=json&prettyPrint=false");
        expect(pretty.text).toContain('\n  "name": "http-bucket"');
        expect(compact.text.trim()).not.toContain("\n");
        expect(compact.json).toEqual(pretty.json);
    });

    it("returns only the requested fields", async () => {
        const answer = await emulator.call(
            "GET",
            "/storage/v1/b/http-bucket?fields=name,iamConfiguration/publicAccessPrevention",
        );
        expect(answer.json).toEqual({ name: "http-bucket", iamConfiguration: { publicAccessPrevention: "inherited" } });
    });

    it("returns 501 for alt=proto", async () => {
        const answer = await emulator.call("GET", "/storage/v1/b/http-bucket?alt=proto");
        expect(answer.at("error")).toMatchObject({ code: 501, message: expect.stringContaining("alt=proto") });
    });

    it("serves the root paths that the Node.js client uses under STORAGE_EMULATOR_HOST", async () => {
        const answer = await emulator.call("GET", "/b/http-bucket");
        expect(answer.at("name")).toBe("http-bucket");
    });

    it.each([90_000, 110_000, 200_000])(
        "responds before it has read an upload of %d bytes, and discards the rest",
        async (size) => {
            // Send the content in chunks over a keep-alive agent, like the Node.js client.
            const agent = new Agent({ keepAlive: true });
            const send = async (): Promise<number | undefined> => {
                const url = `${emulator.url}/upload/storage/v1/b/http-bucket/o?uploadType=multipart&ifGenerationMatch=0`;
                const headers = { authorization: "Bearer developer", "content-type": "multipart/related; boundary=x" };
                const sent = request(url, { method: "POST", headers, agent });
                sent.write(`--x\r\n\r\n{"name":"of-${size}"}\r\n--x\r\nContent-Type: text/plain\r\n\r\n`);
                sent.write(Buffer.alloc(size, "a"));
                sent.end("\r\n--x--");
                const [answer] = (await once(sent, "response")) as [IncomingMessage];
                await once(answer.resume(), "end");
                return answer.statusCode;
            };
            expect(await send()).toBe(200);
            expect(await send()).toBe(412);
            expect(await send()).toBe(412);
            agent.destroy();
        },
    );

    it("writes one log line per request", async () => {
        const lines: string[] = [];
        const logged = await TestEmulator.start({ log: (line) => lines.push(line) });
        await logged.call("GET", "/nowhere?x=1");
        await logged.stop();
        expect(lines).toEqual([expect.stringMatching(/^GET \/nowhere\?x=1 501 \d+ ms$/)]);
    });
});
