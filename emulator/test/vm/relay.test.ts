import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Relay } from "../../src/vm/systemd/relay";

let folder: string;
let target: Server;
let relay: Relay;
const socketPath = () => path.join(folder, "a.sock");

beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "relay-"));
    // Echoes the input once it is complete, so the relay must forward both directions and the end of each.
    target = createServer({ allowHalfOpen: true }, (socket) => {
        const chunks: Buffer[] = [];
        socket.on("data", (chunk) => chunks.push(chunk));
        socket.on("end", () => socket.end(Buffer.concat(chunks)));
        socket.on("error", () => undefined);
    });
    target.listen(0, "127.0.0.1");
    await once(target, "listening");
    relay = await Relay.start(socketPath(), (target.address() as AddressInfo).port);
});
afterEach(async () => {
    target.close();
    rmSync(folder, { recursive: true, force: true });
});

describe("a relay", () => {
    it("forwards bytes in both directions until both sides have ended", async () => {
        const client = connect({ path: socketPath(), allowHalfOpen: true });
        client.end("x".repeat(200_000));
        let received = "";
        for await (const chunk of client.setEncoding("latin1")) {
            received += chunk;
        }
        expect(received).toHaveLength(200_000);
        await relay.stop();
    });

    it("closes its connections when it stops, and if the target port is closed", async () => {
        const client = connect(socketPath());
        await once(client, "connect");
        client.on("error", () => undefined);
        const closed = once(client, "close");
        await relay.stop();
        await closed;
        target.close();
        await once(target, "close");
        const other = await Relay.start(socketPath(), 9);
        const refused = connect(socketPath());
        refused.on("error", () => undefined);
        await once(refused, "close");
        await other.stop();
    });
});
