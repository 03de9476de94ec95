import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { type FaultProxy, startFaultProxy } from "../../src/faults/proxy";
import { FaultPlan, parseFaultRule } from "../../src/faults/rule";

const BODY = "0123456789";
let server: Server;
let received: { method: string; body: string }[];
let proxy: FaultProxy | undefined;

beforeEach(async () => {
    received = [];
    server = createServer(async (message, response) => {
        received.push({ method: message.method ?? "", body: await text(message) });
        response.setHeader("x-goog-hash", `crc32c=yZRlqg==,md5=${createHash("md5").update(BODY).digest("base64")}`);
        response.setHeader("content-length", BODY.length);
        response.end(BODY);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
});
afterEach(async () => {
    await proxy?.stop();
    server.closeAllConnections();
    server.close();
});

async function start(...rules: string[]): Promise<FaultPlan> {
    const plan = new FaultPlan(rules.map(parseFaultRule));
    proxy = await startFaultProxy({ plan, targetPort: (server.address() as AddressInfo).port, side: "main" });
    return plan;
}

async function ask(path = "/a", body?: string) {
    const outgoing = request({
        port: proxy?.port,
        host: "127.0.0.1",
        path,
        method: body ? "POST" : "GET",
        agent: false,
    });
    outgoing.end(body);
    const [incoming] = await once(outgoing, "response");
    return { status: incoming.statusCode, headers: incoming.headers, body: (await buffer(incoming)).toString() };
}

describe("a fault proxy", () => {
    it("forwards requests unchanged if no rule matches", async () => {
        await start("kind=status,path=/other");
        await expect(ask("/a", "sent")).resolves.toMatchObject({ status: 200, body: BODY });
        expect(received).toEqual([{ method: "POST", body: "sent" }]);
    });

    it("breaks the Nth matching request and the following ones, up to count", async () => {
        const plan = await start("kind=status,status=429,request=2,count=2,path=/a");
        const statuses = [];
        for (const path of ["/a", "/b", "/a", "/a", "/a"]) {
            statuses.push((await ask(path)).status);
        }
        expect(statuses).toEqual([200, 200, 429, 429, 200]);
        expect(plan.hits).toEqual(["GET /a", "GET /a"]);
        expect(received).toHaveLength(3);
    });

    it("breaks only requests whose path ends like the rule's path if that ends with $", async () => {
        const plan = await start("kind=status,path=/a$,count=all");
        for (const path of ["/a/b", "/a?b=c", "/a", "/b/a"]) {
            await ask(path);
        }
        expect(plan.hits).toEqual(["GET /a", "GET /b/a"]);
    });

    it.each([
        ["reset-before", 0],
        ["reset-after", 1],
        ["half-body", 1],
    ])("breaks the connection for %s after the server has received %d requests", async (kind, seen) => {
        await start(`kind=${kind}`);
        await expect(ask()).rejects.toThrow(/ECONNRESET|aborted/);
        expect(received).toHaveLength(seen);
        await expect(ask()).resolves.toMatchObject({ body: BODY });
    });

    it.each([
        ["damaged-body", "0123446789"],
        ["truncated-body", "01234"],
        ["empty-body", ""],
    ])("returns a body that matches content-length for %s", async (kind, body) => {
        await start(`kind=${kind}`);
        const answer = await ask();
        expect(answer).toMatchObject({ status: 200, body });
        expect(answer.headers["content-length"]).toBe(String(body.length));
    });

    it("returns an HTML page instead of the server's response", async () => {
        await start("kind=html");
        await expect(ask()).resolves.toMatchObject({ status: 200, headers: { "content-type": "text/html" } });
        expect(received).toEqual([]);
    });

    it("delivers a duplicated request twice", async () => {
        await start("kind=duplicate");
        await expect(ask("/a", "sent")).resolves.toMatchObject({ body: BODY });
        expect(received.map(({ body }) => body)).toEqual(["sent", "sent"]);
    });

    it("changes one byte of a damaged request", async () => {
        await start("kind=damaged-request");
        await ask("/a", "sent");
        expect(received).toEqual([{ method: "POST", body: "seot" }]);
    });

    it("replaces both hashes in a response", async () => {
        await start("kind=wrong-hash");
        const { headers } = await ask();
        expect(headers["x-goog-hash"]).toBe("crc32c=AAAAAQ==,md5=AAAAAAAAAAAAAAAAAAAAAQ==");
    });

    it("refuses connections for a while, then serves the same port again", async () => {
        await start("kind=refuse,ms=300");
        await expect(ask()).rejects.toThrow(/ECONNRESET|socket hang up/);
        await expect(ask()).rejects.toThrow("ECONNREFUSED");
        let answer: unknown;
        while (answer === undefined) {
            answer = await ask().catch(() => undefined);
        }
        expect(answer).toMatchObject({ body: BODY });
    });

    it("keeps control connections to the emulator open while it refuses others", async () => {
        await start("kind=refuse,ms=50,path=/a");
        server.removeAllListeners("request").on("request", (message, response) => {
            response.writeHead(200);
            response.write("held");
            message.on("close", () => undefined);
        });
        const held = request({
            port: proxy?.port,
            host: "127.0.0.1",
            path: "/emulator/v1/guest/lifeline",
            agent: false,
        });
        held.end();
        const [lifeline] = await once(held, "response");
        await once(lifeline, "data");

        await expect(ask("/a")).rejects.toThrow(/ECONNRESET|socket hang up/);
        expect(lifeline.complete || lifeline.destroyed).toBe(false);
        const closed = new Promise((resolve) => lifeline.on("error", () => undefined).once("close", resolve));
        await proxy?.stop();
        proxy = undefined;
        await closed;
    });
});

describe("a fault rule", () => {
    it("has default values", () => {
        expect(parseFaultRule("kind=delay")).toEqual({
            kind: "delay",
            request: 1,
            count: 1,
            status: 503,
            ms: 2000,
            method: undefined,
            path: undefined,
            port: undefined,
        });
    });

    it.each([
        ["kind=nonsense", "kind must be one of refuse, reset-before"],
        ["request=1", 'got ""'],
        ["kind=status,status=200", 'status must be an integer from 400 to 599; got "200"'],
        ["kind=delay,ms=-1", 'ms must be an integer from 0 to 1000000000; got "-1"'],
        ["kind=delay,port=3", 'port must be main or vm; got "3"'],
        [
            "kind",
            'must be a list of key=value pairs with the keys kind, request, count, status, ms, method, path, port; got "kind"',
        ],
    ])("rejects %s", (rule, message) => {
        expect(() => parseFaultRule(rule)).toThrow(message);
    });
});
