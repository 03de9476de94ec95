import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { checkEngine, findEngine } from "../../infra/config/docker-engine";

const COLIMA = "unix:///Users/me/.colima/default/docker.sock";

let folder: string;
let env: NodeJS.ProcessEnv;

/** Writes a file below docker's config folder. */
function write(name: string, content: object): void {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), JSON.stringify(content));
}

const idOf = (context: string) => createHash("sha256").update(context).digest("hex");

beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "docker-config-"));
    env = { DOCKER_CONFIG: folder };
    for (const [name, Host] of [
        ["colima", COLIMA],
        ["remote", "tcp://10.0.0.9:2376"],
    ] as const) {
        write(`contexts/meta/${idOf(name)}/meta.json`, { Name: name, Endpoints: { docker: { Host } } });
    }
    write(`contexts/tls/${idOf("remote")}/docker/cert.pem`, {});
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("findEngine", () => {
    it("returns the current context's engine", () => {
        write("config.json", { currentContext: "colima" });
        expect(findEngine(env)).toEqual({ host: COLIMA });
    });

    it("prefers DOCKER_HOST to DOCKER_CONTEXT, and DOCKER_CONTEXT to the current context", () => {
        write("config.json", { currentContext: "colima" });
        expect(findEngine({ ...env, DOCKER_CONTEXT: "remote" }).host).toBe("tcp://10.0.0.9:2376");
        expect(findEngine({ ...env, DOCKER_CONTEXT: "remote", DOCKER_HOST: "ssh://me@host" })).toEqual({
            host: "ssh://me@host",
        });
    });

    it("returns the folder with a context's certificates", () => {
        expect(findEngine({ ...env, DOCKER_CONTEXT: "remote" }).certPath).toBe(
            path.join(folder, "contexts/tls", idOf("remote"), "docker"),
        );
    });

    it.each<[string, object | undefined]>([
        ["no config", undefined],
        ["a config without a context", { auths: {} }],
        ["the context default", { currentContext: "default" }],
    ])("returns the default socket with %s", (_what, config) => {
        if (config !== undefined) {
            write("config.json", config);
        }
        expect(findEngine(env, "linux")).toEqual({ host: "unix:///var/run/docker.sock" });
        expect(findEngine(env, "win32")).toEqual({ host: "npipe:////./pipe/docker_engine" });
    });

    it("rejects a context that does not exist, naming its source", () => {
        expect(() => findEngine({ ...env, DOCKER_CONTEXT: "gone" })).toThrow(
            'DOCKER_CONTEXT must be an existing docker context; got "gone" (docker context ls)',
        );
        write("config.json", { currentContext: "gone" });
        expect(() => findEngine(env)).toThrow(`currentContext in ${path.join(folder, "config.json")} must be`);
    });
});

describe("checkEngine", () => {
    /** Checks an engine that responds with this description of itself. */
    async function check(info: object): Promise<void> {
        const server = createServer((request, response) => {
            response.end(request.url === "/info" ? JSON.stringify(info) : "");
        });
        const socket = path.join(folder, "engine.sock");
        server.listen(socket);
        await once(server, "listening");
        try {
            await checkEngine({ host: `unix://${socket}` });
        } finally {
            server.closeAllConnections();
            server.close();
        }
    }
    const CONTAINERD = { DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]] };
    const OVERLAY = { DriverStatus: [["Backing Filesystem", "extfs"]] };

    it.each([
        ["20.10.24", OVERLAY],
        ["27.3.1", OVERLAY],
        ["28.0.0", CONTAINERD],
        ["29.1.0-rc.1", CONTAINERD],
    ])("accepts version %s with %j", async (ServerVersion, store) => {
        await expect(check({ ServerVersion, ...store })).resolves.toBeUndefined();
    });

    it("rejects an engine whose containerd image store cannot build for Pulumi", async () => {
        await expect(check({ ServerVersion: "27.5.1", ...CONTAINERD })).rejects.toThrow(
            /Docker Engine must be version 28 or newer .* got 27\.5\.1 \(update Docker; or .*turn off/,
        );
    });

    it("rejects an engine that is not running", async () => {
        const host = `unix://${path.join(folder, "nothing.sock")}`;
        await expect(checkEngine({ host })).rejects.toThrow(
            `The image needs a Docker engine, but none is reachable at ${host}: ENOENT (start Docker, or choose another`,
        );
    });

    it.each([{ host: "ssh://me@host" }, { host: "tcp://10.255.255.1:2376", certPath: "/certificates" }])(
        "leaves an engine that it cannot query to the provider: %j",
        async (engine) => {
            await expect(checkEngine(engine)).resolves.toBeUndefined();
        },
    );
});
