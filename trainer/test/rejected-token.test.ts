import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type LoneBucket, startTestBucket } from "../../emulator/src/testing";
import type { Content } from "../src/storage";
import { openStorage } from "../src/storage";

/** A metadata server, and a proxy for the bucket that accepts only the token with number `accepted` and later ones. */
interface Cloud {
    readonly server: Server;
    readonly host: string;
    accepted: number;
    /** Number of tokens that the metadata server has issued. */
    issued: number;
}

async function startCloud(bucket: LoneBucket): Promise<Cloud> {
    const target = new URL(bucket.endpoint);
    const server = createServer((incoming, outgoing) => {
        const { url = "", method, headers } = incoming;
        if (url.startsWith("/computeMetadata/")) {
            const isToken = url.includes("/token");
            cloud.issued += isToken ? 1 : 0;
            const token = { access_token: `token-${cloud.issued}`, expires_in: 3600, token_type: "Bearer" };
            outgoing.writeHead(200, { "metadata-flavor": "Google", "content-type": "application/json" });
            outgoing.end(isToken ? JSON.stringify(token) : "{}");
            return;
        }
        if (!(Number(/^Bearer token-(\d+)$/.exec(headers.authorization ?? "")?.[1]) >= cloud.accepted)) {
            incoming.resume();
            outgoing.writeHead(401, { "content-type": "application/json" });
            outgoing.end(JSON.stringify({ error: { code: 401, message: "Invalid Credentials" } }));
            return;
        }
        const { authorization: _, ...rest } = headers;
        const forwarded = request({
            port: target.port,
            path: url,
            method,
            headers: { ...rest, host: target.host },
        });
        forwarded.on("response", (response) => {
            outgoing.writeHead(response.statusCode ?? 500, response.headers);
            response.pipe(outgoing);
        });
        incoming.pipe(forwarded);
    });
    await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
    });
    const cloud = { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}`, accepted: 1, issued: 0 };
    return cloud;
}

describe("a token that is rejected before it expires", () => {
    let bucket: LoneBucket;
    let cloud: Cloud;
    const environment = { ...process.env };
    const uri = (path: string) => ({ bucket: bucket.name, path });
    const open = () =>
        openStorage(45, { apiEndpoint: `http://${cloud.host}`, useAuthWithCustomEndpoint: true, projectId: "p" });

    async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
        const chunks: Uint8Array[] = [];
        for await (const chunk of content) {
            chunks.push(chunk);
        }
        return Buffer.concat(chunks).toString();
    }

    beforeEach(async () => {
        bucket = await startTestBucket();
        cloud = await startCloud(bucket);
        process.env.GCE_METADATA_HOST = cloud.host;
        delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
        // The client prefers the credentials of a user to those of the machine.
        process.env.CLOUDSDK_CONFIG = "/nonexistent";
        await bucket.put("data/a.csv", "a,b\n1,2\n");
    });

    afterEach(async () => {
        process.env = { ...environment };
        await new Promise((resolve) => {
            cloud.server.close(resolve);
            cloud.server.closeAllConnections();
        });
        await bucket.stop();
    });

    it("is replaced once per download", async () => {
        const store = open();
        expect(await textOf(store.read(uri("data/a.csv")))).toBe("a,b\n1,2\n");
        expect(cloud.issued).toBe(1);
        cloud.accepted = 2;
        expect(await textOf(store.read(uri("data/a.csv")))).toBe("a,b\n1,2\n");
        expect(cloud.issued).toBe(2);
        cloud.accepted = 10;
        await expect(textOf(store.read(uri("data/a.csv")))).rejects.toThrow(
            /^Cannot read .*data\/a\.csv: no valid credentials; .* \(401: Invalid Credentials\)$/,
        );
        expect(cloud.issued).toBe(3);
    });

    it.each<[string, Content]>([
        ["text", "a model"],
        ["pieces of text", () => ["a ", "model"]],
    ])("is replaced once for an upload of %s", async (name, content) => {
        const store = open();
        const path = `model/${name.replaceAll(" ", "-")}`;
        await store.create(uri(`${path}-1`), content, "text/plain");
        cloud.accepted = 2;
        await store.create(uri(`${path}-2`), content, "text/plain");
        expect(await bucket.get(`${path}-2`)).toBe("a model");
        expect(cloud.issued).toBe(2);
        cloud.accepted = 10;
        await expect(store.create(uri(`${path}-3`), content, "text/plain")).rejects.toThrow(
            /^Cannot write .*: no valid credentials; .* \(401: Invalid Credentials\)$/,
        );
        expect(await bucket.get(`${path}-3`)).toBeUndefined();
    });
});
