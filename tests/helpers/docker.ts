import { spawnSync } from "node:child_process";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { NODE_IMAGE, reasonWithoutDocker } from "../../emulator/test/docker";

/**
 * Runs `docker` and returns its output without the final line break.
 * @throws {Error} with docker's error output if it fails
 */
export function docker(...args: string[]): string {
    const { status, stdout, stderr, error } = spawnSync("docker", args, { encoding: "utf8" });
    if (error !== undefined || status !== 0) {
        throw new Error(`docker ${args.join(" ")}: ${error?.message ?? `exit ${status}`}\n${stderr ?? ""}`);
    }
    return stdout.trim();
}

/** Sends a request to the engine's API and returns the response's body. */
export async function engineRequest(method: string, path: string, body: Buffer): Promise<string> {
    const host = docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}");
    const headers = { "content-type": "application/x-tar", "content-length": body.length };
    return await new Promise((resolve, reject) => {
        request({ socketPath: host.replace("unix://", ""), method, path, headers }, (response) => {
            resolve(text(response));
        })
            .on("error", reject)
            .end(body);
    });
}

/** The trainer's base images. `.ci/base-images.sh` builds them where no registry is reachable. */
export const BASE_IMAGES = {
    BUILD_IMAGE: "gcp-trainer-base/node-build:local",
    RUNTIME_IMAGE: NODE_IMAGE,
};

/** Arguments for `docker build` that select the local base images. */
export const BASE_IMAGE_ARGS = Object.entries(BASE_IMAGES).flatMap(([name, image]) => [
    "--build-arg",
    `${name}=${image}`,
]);

/**
 * `describe` for tests that need a Docker engine and the base images. Without them, they are skipped, with the reason
 * in the title.
 */
export function describeWithDocker(title: string, tests: () => void): void {
    const reason = reasonWithoutDocker(Object.values(BASE_IMAGES));
    if (reason === undefined) {
        describe(title, tests);
    } else {
        describe.skip(`${title} [skipped: ${reason}]`, tests);
    }
}
