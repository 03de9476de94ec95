import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { homedir } from "node:os";
import path from "node:path";
import { json } from "node:stream/consumers";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

/** A Docker engine, as described to the docker provider. */
export interface DockerEngine {
    /** E.g. `unix:///var/run/docker.sock`. */
    host: string;
    /** Folder with `ca.pem`, `cert.pem` and `key.pem`, if the engine requires certificates. */
    certPath?: string;
}

/** Time limit for a response from the engine. */
const RESPONSE_MS = 10_000;
/**
 * The first version whose containerd image store supports builds from an archive, which is what the provider sends.
 */
const CONTAINERD_VERSION = 28;

/**
 * The provider that builds with the docker command's engine. There is none if the stack config sets `docker:host`, if
 * the image exists, or in a rehearsal, which runs without Pulumi's engine.
 *
 * @throws RunError if no engine can build; thrown here, or later before the image is built
 */
export function dockerProviders(image: string): docker.Provider[] {
    if (image !== "" || pulumi.runtime.getEngine() === undefined || new pulumi.Config("docker").get("host")) {
        return [];
    }
    const engine = findEngine();
    const host = checkEngine(engine).then(() => engine.host);
    return [new docker.Provider("docker", { ...engine, host })];
}

/**
 * Finds the engine as the docker command does: by `DOCKER_HOST`, `DOCKER_CONTEXT` or the current context. The docker
 * provider itself ignores contexts, which Docker Desktop, Colima, Lima and Rancher Desktop use.
 * https://docs.docker.com/engine/manage-resources/contexts/
 *
 * @throws RunError if the context does not exist
 */
export function findEngine(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): DockerEngine {
    if (env.DOCKER_HOST) {
        return { host: env.DOCKER_HOST };
    }
    const folder = env.DOCKER_CONFIG || path.join(homedir(), ".docker");
    const context = env.DOCKER_CONTEXT || textAt(readJson(path.join(folder, "config.json")), "currentContext");
    if (context === undefined || context === "" || context === "default") {
        return { host: platform === "win32" ? "npipe:////./pipe/docker_engine" : "unix:///var/run/docker.sock" };
    }
    const id = createHash("sha256").update(context).digest("hex");
    const host = textAt(readJson(path.join(folder, "contexts/meta", id, "meta.json")), "Endpoints", "docker", "Host");
    if (!host) {
        const source = env.DOCKER_CONTEXT ? "DOCKER_CONTEXT" : `currentContext in ${path.join(folder, "config.json")}`;
        throw new pulumi.RunError(
            `${source} must be an existing docker context; got ${JSON.stringify(context)} (docker context ls)`,
        );
    }
    const certPath = path.join(folder, "contexts/tls", id, "docker");
    return { host, ...(existsSync(path.join(certPath, "cert.pem")) && { certPath }) };
}

/**
 * Checks that the engine responds and can build images for Pulumi. Skips an engine that is reached over SSH or with
 * certificates, or that does not respond in time.
 *
 * @throws RunError that says what to do
 */
export async function checkEngine({ host, certPath }: DockerEngine): Promise<void> {
    const [scheme = "", address = ""] = host.split("://");
    if (certPath !== undefined || !["unix", "npipe", "tcp", "http"].includes(scheme)) {
        return;
    }
    let info: unknown;
    try {
        info = await infoOf(scheme === "unix" || scheme === "npipe" ? { socketPath: address } : tcp(address));
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === undefined || code === "ABORT_ERR") {
            return;
        }
        const remedy =
            code === "EACCES"
                ? "add your user to the docker group: sudo usermod -aG docker $USER, then log in again"
                : "start Docker, or choose another engine: docker context use NAME";
        throw new pulumi.RunError(
            `The image needs a Docker engine, but none is reachable at ${host}: ${code} (${remedy})`,
        );
    }
    const version = textAt(info, "ServerVersion") ?? "";
    const usesContainerd = JSON.stringify(info).includes('"io.containerd.snapshotter.v1"');
    if (usesContainerd && Number.parseInt(version, 10) < CONTAINERD_VERSION) {
        throw new pulumi.RunError(
            `Docker Engine must be version ${CONTAINERD_VERSION} or newer to build for Pulumi with the containerd image store; ` +
                `got ${version} (update Docker; or in Docker Desktop, turn off Settings > General > ` +
                '"Use containerd for pulling and storing images")',
        );
    }
}

function tcp(address: string) {
    const { hostname, port } = new URL(`http://${address}`);
    return { hostname, port };
}

async function infoOf(target: object): Promise<unknown> {
    return await new Promise((resolve, reject) => {
        request({ ...target, path: "/info", signal: AbortSignal.timeout(RESPONSE_MS) }, (response) => {
            json(response).then(resolve, () => resolve({}));
        })
            .on("error", reject)
            .end();
    });
}

function readJson(file: string): unknown {
    try {
        return JSON.parse(readFileSync(file, "utf8"));
    } catch {
        // The docker command also works if the config is missing or cannot be read.
        return undefined;
    }
}

function textAt(value: unknown, ...keys: string[]): string | undefined {
    const found = keys.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value);
    return typeof found === "string" ? found : undefined;
}
