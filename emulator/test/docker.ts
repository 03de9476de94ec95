import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

/** An image with node as its entry point, built by `.ci/base-images.sh`. */
export const NODE_IMAGE = "gcp-trainer-base/node-runtime:local";

const run = promisify(execFile);

/** Runs docker without blocking, because the engine calls an emulator in this process. */
export async function docker(...args: string[]): Promise<string> {
    return (await run("docker", args)).stdout.trim();
}

/** The reason tests with a Docker engine and these images cannot run on this machine, or undefined if they can. */
export function reasonWithoutDocker(images: readonly string[]): string | undefined {
    if (spawnSync("docker", ["info"], { stdio: "ignore" }).status !== 0) {
        return "no Docker engine is reachable (docker info)";
    }
    const missing = images.filter(
        (image) => spawnSync("docker", ["image", "inspect", image], { stdio: "ignore" }).status !== 0,
    );
    return missing.length === 0 ? undefined : `base images are missing: ${missing.join(", ")} (.ci/base-images.sh)`;
}

/**
 * `describe` for tests that need a Docker engine with these images. If the engine or an image is missing, the tests are
 * skipped, with the reason in the title.
 */
export function describeWithDocker(title: string, images: readonly string[], tests: () => void): void {
    const reason = reasonWithoutDocker(images);
    if (reason === undefined) {
        describe(title, tests);
    } else {
        describe.skip(`${title} [skipped: ${reason}]`, tests);
    }
}
