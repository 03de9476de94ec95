import { Agent, type IncomingMessage, request } from "node:http";
import { TestEmulator } from "../../src/testing";

const CLIENTS = 200;
let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
    await emulator.makeBucket("load");
});
afterAll(() => emulator.stop());

/** Uploads an object over one of the agent's connections. */
function upload(agent: Agent, name: string, content: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
        const target = `${emulator.url}/upload/storage/v1/b/load/o?uploadType=media&name=${name}`;
        const headers = { authorization: "Bearer developer", "content-length": content.length };
        const call = request(target, { agent, method: "POST", headers }, (response) => {
            response.resume().on("end", () => resolve(response));
        });
        call.on("error", reject).end(content);
    });
}

describe(`${CLIENTS} parallel clients`, () => {
    it("upload without errors, on new and on reused connections", async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
        const content = Buffer.alloc(50_000, "x");
        try {
            for (const round of [1, 2]) {
                const answers = await Promise.all(
                    Array.from({ length: CLIENTS }, (_, client) => upload(agent, `${client}-${round}`, content)),
                );
                expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
            }
            expect((await emulator.call("GET", "/storage/v1/b/load/o?fields=items/name")).at("items")).toHaveLength(
                2 * CLIENTS,
            );
        } finally {
            agent.destroy();
        }
    });

    it("are not subject to a timeout for idle connections", async () => {
        const agent = new Agent({ keepAlive: true });
        try {
            // With an idle timeout, a server that was busy for longer would close connections on which a request was
            // already waiting.
            expect((await upload(agent, "kept", Buffer.from("x"))).headers["keep-alive"]).toBeUndefined();
        } finally {
            agent.destroy();
        }
    });
});
