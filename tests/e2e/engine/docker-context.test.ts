import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import path from "node:path";
import { docker } from "../../helpers/docker";
import { Cloud, describeWithEngine, Project } from "./support";

const MINUTE_MS = 60_000;
const CONTEXT = "elsewhere";

/** A socket that leads to this machine's Docker engine until it is closed. */
class EngineSocket {
    /** Number of connections so far. */
    connections = 0;
    readonly #server: Server;
    readonly #open = new Set<Socket>();

    constructor(server: Server) {
        this.#server = server;
    }

    static async open(file: string): Promise<EngineSocket> {
        const target = docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").replace("unix://", "");
        const server = createServer();
        const socket = new EngineSocket(server);
        server.on("connection", (client) => {
            socket.connections += 1;
            const engine = connect(target);
            for (const end of [client, engine]) {
                socket.#open.add(end);
                end.on("error", () => undefined);
            }
            client.pipe(engine).pipe(client);
        });
        server.listen(file);
        await once(server, "listening");
        return socket;
    }

    close(): void {
        this.#server.close();
        for (const end of this.#open) {
            end.destroy();
        }
    }
}

describeWithEngine("a docker context, with the real engine,", () => {
    let cloud: Cloud;
    beforeAll(async () => {
        cloud = await Cloud.start();
    });
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    it(
        "selects the engine that builds the image, as it does for the docker command; destroy needs no engine",
        async () => {
            const config = path.join(cloud.folder, "docker");
            const meta = path.join(config, "contexts/meta", createHash("sha256").update(CONTEXT).digest("hex"));
            const file = path.join(cloud.folder, "engine.sock");
            mkdirSync(meta, { recursive: true });
            writeFileSync(path.join(config, "config.json"), JSON.stringify({ currentContext: CONTEXT }));
            writeFileSync(
                path.join(meta, "meta.json"),
                JSON.stringify({ Name: CONTEXT, Endpoints: { docker: { Host: `unix://${file}` } } }),
            );
            const engine = await EngineSocket.open(file);
            const options = { env: { DOCKER_CONFIG: config, DOCKER_HOST: "", DOCKER_CONTEXT: "" } };
            const project = new Project(cloud, "context", { trainer: "tiny" }, options);
            await project.init();
            await project.up().expectSuccess();
            expect(engine.connections).toBeGreaterThan(0);

            engine.close();
            const refused = await project.up().expectFailure();
            expect(refused.output).toContain(
                `The image needs a Docker engine, but none is reachable at unix://${file}`,
            );
            await project.destroy();

            expect(await cloud.inventory()).toEqual([]);
        },
        5 * MINUTE_MS,
    );
});
