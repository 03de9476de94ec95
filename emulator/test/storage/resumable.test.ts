import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { parseContentRange } from "../../src/storage/resumable";
import { type Call, TestEmulator } from "../../src/testing";

const KIB = 1024;
const QUANTUM = 256 * KIB;
let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
    await emulator.makeBucket("uploads");
});
afterAll(() => emulator.stop());

/** Starts a session and returns its URI. */
async function start(name: string, query = "", call: Call = {}): Promise<string> {
    const target = `/upload/storage/v1/b/uploads/o?uploadType=resumable&name=${name}${query}`;
    const answer = await emulator.call("POST", target, { body: {}, ...call });
    expect(answer.status).toBe(200);
    return String(answer.headers.get("location"));
}

const put = (uri: string, content: Uint8Array, range: string, headers: Record<string, string> = {}) =>
    emulator.call("PUT", uri, { body: content, headers: { "content-range": `bytes ${range}`, ...headers } });

const status = (uri: string) => emulator.call("PUT", uri, { headers: { "content-range": "bytes */*" } });

/** Sends part of an announced body, waits until the server has received `kept` bytes of it, and cuts the connection. */
async function breakOff(uri: string, content: Buffer, announced: number, kept: number): Promise<void> {
    const request = httpRequest(uri, {
        method: "PUT",
        headers: {
            authorization: "Bearer developer",
            "content-length": announced,
            "content-range": `bytes 0-${announced - 1}/${announced}`,
        },
    });
    const closed = new Promise((resolve) => request.on("close", resolve));
    request.on("error", () => undefined);
    request.write(content);
    while ((await status(uri)).headers.get("range") !== `bytes=0-${kept - 1}`) {
        await setImmediate();
    }
    request.destroy();
    await closed;
}

describe("a resumable upload", () => {
    const content = randomBytes(2 * QUANTUM + 1000);
    const md5Hash = createHash("md5").update(content).digest("base64");
    const total = content.length;

    it("accepts chunks, reports its progress, and creates the object at the end", async () => {
        const headers = { "x-upload-content-type": "application/x-model" };
        const uri = await start("chunks", "", { headers });
        const first = await put(uri, content.subarray(0, QUANTUM), `0-${QUANTUM - 1}/*`);
        expect([first.status, first.headers.get("range")]).toEqual([308, `bytes=0-${QUANTUM - 1}`]);
        expect((await emulator.call("GET", emulator.objectPath("uploads", "chunks"))).status).toBe(404);
        await put(uri, content.subarray(QUANTUM, 2 * QUANTUM), `${QUANTUM}-${2 * QUANTUM - 1}/${total}`);
        const last = await put(uri, content.subarray(2 * QUANTUM), `${2 * QUANTUM}-${total - 1}/${total}`);
        expect(last.json).toMatchObject({
            name: "chunks",
            size: String(total),
            md5Hash,
            contentType: "application/x-model",
        });
        expect((await status(uri)).json).toEqual(last.json);
    });

    it("answers a Go client's POST with 200 and puts the actual status in a header", async () => {
        const uri = await start("go");
        const headers = { "x-guploader-no-308": "yes", "content-range": `bytes 0-${QUANTUM - 1}/*` };
        const chunk = await emulator.call("POST", uri, { body: content.subarray(0, QUANTUM), headers });
        expect(chunk.status).toBe(200);
        expect(chunk.headers.get("x-http-status-code-override")).toBe("308");
        expect(chunk.headers.get("range")).toBe(`bytes=0-${QUANTUM - 1}`);
        const rest = { "x-guploader-no-308": "yes", "content-range": `bytes ${QUANTUM}-${total - 1}/${total}` };
        const last = await emulator.call("POST", uri, { body: content.subarray(QUANTUM), headers: rest });
        expect(last.headers.get("x-http-status-code-override")).toBeNull();
        expect(last.json).toMatchObject({ md5Hash });
    });

    it.each([
        ["without Content-Range", undefined],
        ["of unknown length, as streamed by the Node.js client", "bytes 0-*/*"],
        ["of known length", `bytes 0-${2 * QUANTUM + 999}/${2 * QUANTUM + 1000}`],
    ])("accepts the whole object in a single request %s", async (_, range) => {
        const uri = await start("whole");
        const headers: Record<string, string> = range === undefined ? {} : { "content-range": range };
        expect((await emulator.call("PUT", uri, { body: content, headers })).json).toMatchObject({ md5Hash });
    });

    it("creates an empty object", async () => {
        expect((await put(await start("empty"), Buffer.alloc(0), "*/0")).json).toMatchObject({ size: "0" });
    });

    it("keeps an interrupted chunk up to the last multiple of 256 KiB, and continues from there", async () => {
        const uri = await start("broken");
        await breakOff(uri, content.subarray(0, QUANTUM + 5000), total, QUANTUM);
        const last = await put(uri, content.subarray(QUANTUM), `${QUANTUM}-${total - 1}/${total}`);
        expect(last.json).toMatchObject({ size: String(total), md5Hash });
    });

    it("skips bytes that are sent again", async () => {
        const uri = await start("again");
        await put(uri, content.subarray(0, QUANTUM), `0-${QUANTUM - 1}/*`);
        const last = await put(uri, content, `0-${total - 1}/${total}`);
        expect(last.json).toMatchObject({ md5Hash });
    });

    it.each([
        ["a gap", "300000-300009/*", 10],
        ["a body shorter than announced", "0-99/100", 10],
        ["more data than the total", "0-9/5", 10],
        ["an invalid range", "nonsense", 10],
    ])("rejects %s with 400", async (_, range, length) => {
        const answer = await put(await start("refused"), content.subarray(0, length), range);
        expect(answer.status).toBe(400);
    });

    it("continues after a restart of the emulator", async () => {
        const uri = await start("restart");
        await put(uri, content.subarray(0, QUANTUM), `0-${QUANTUM - 1}/*`);
        await emulator.restart();
        const { pathname, search } = new URL(uri);
        const again = `${emulator.url}${pathname}${search}`;
        expect((await status(again)).headers.get("range")).toBe(`bytes=0-${QUANTUM - 1}`);
        const last = await put(again, content.subarray(QUANTUM), `${QUANTUM}-${total - 1}/${total}`);
        expect(last.json).toMatchObject({ md5Hash });
    });

    it("checks its preconditions at the end rather than at the beginning", async () => {
        const uri = await start("guarded", "&ifGenerationMatch=0");
        await emulator.upload("uploads", "guarded", "somebody was faster");
        const late = await put(uri, content.subarray(0, 10), "0-9/10");
        expect(late.at("error.errors.0.reason")).toBe("conditionNotMet");
        const again = await put(await start("guarded", "&ifGenerationMatch=0"), content.subarray(0, 10), "0-9/10");
        expect(again.status).toBe(412);
        const { generation } = (await emulator.call("GET", emulator.objectPath("uploads", "guarded"))).json as {
            generation: string;
        };
        const matching = await start("guarded", `&ifGenerationMatch=${generation}`);
        expect((await put(matching, content.subarray(0, 10), "0-9/10")).status).toBe(200);
    });

    it("verifies the hash in its metadata", async () => {
        const uri = await start("hashed", "", {
            body: { md5Hash: createHash("md5").update("other").digest("base64") },
        });
        expect((await put(uri, content.subarray(0, 10), "0-9/10")).status).toBe(400);
        expect((await emulator.call("GET", emulator.objectPath("uploads", "hashed"))).status).toBe(404);
    });

    it("verifies the hashes in the header of its last request", async () => {
        const some = content.subarray(0, 10);
        const other = createHash("md5").update("other").digest("base64");
        const own = createHash("md5").update(some).digest("base64");
        const finish = async (name: string, hash: string, body: object = {}) =>
            await put(await start(name, "", { body }), some, "0-9/10", { "x-goog-hash": hash });

        expect((await finish("last", `md5=${other}`)).at("error.message")).toContain("MD5");
        expect((await finish("last", "crc32c=AAAAAA==")).at("error.message")).toContain("CRC32C");
        expect((await finish("last", `md5=${own}`, { md5Hash: other })).at("error.message")).toContain("two different");
        expect((await emulator.call("GET", emulator.objectPath("uploads", "last"))).status).toBe(404);
        expect((await finish("last", `md5=${own}`, { md5Hash: own })).json).toMatchObject({ md5Hash: own });
    });

    it("does not require a token on its URI, which is itself a secret", async () => {
        const uri = await start("secret");
        const answer = await emulator.call("PUT", uri, {
            token: null,
            body: "x",
            headers: { "content-range": "bytes 0-0/1" },
        });
        expect(answer.json).toMatchObject({ name: "secret", size: "1" });
    });

    it("is deleted along with all received data when it is cancelled", async () => {
        const blobs = path.join(emulator.dataDir, "blobs");
        const before = await readdir(blobs);
        const uri = await start("cancelled");
        await put(uri, content.subarray(0, QUANTUM), `0-${QUANTUM - 1}/*`);
        expect((await emulator.call("DELETE", uri)).status).toBe(499);
        expect((await status(uri)).status).toBe(404);
        expect((await readdir(blobs)).sort()).toEqual(before.sort());
    });
});

describe("Content-Range", () => {
    it.each([
        [undefined, undefined],
        ["bytes 0-9/*", { start: 0, end: 9 }],
        ["bytes 10-19/20", { start: 10, end: 19, total: 20 }],
        ["bytes 0-*/*", { start: 0 }],
        ["bytes */*", {}],
        ["bytes */20", { total: 20 }],
    ])("%s is parsed as %j", (header, range) => {
        expect(parseContentRange(header)).toEqual(range);
    });
});
