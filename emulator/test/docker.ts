import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

/** An image with node as its entry point; `.ci/base-images.sh` builds it. */
export const NODE_IMAGE = "gcp-trainer-base/node-runtime:local";

const run = promisify(execFile);

/** Runs docker without blocking: the engine calls an emulator in this process. */
export async function docker(...args: string[]): Promise<string> {
    return (await run("docker", args)).stdout.trim();
}

/** Why tests with a Docker engine and these images cannot run here; undefined if they can. */
export function reasonWithoutDocker(images: readonly string[]): string | undefined {
    if (spawnSync("docker", ["info"], { stdio: "ignore" }).status !== 0) {
        return "no Docker engine answers (docker info)";
    }
    const missing = images.filter(
        (image) => spawnSync("docker", ["image", "inspect", image], { stdio: "ignore" }).status !== 0,
    );
    return missing.length === 0 ? undefined : `base images are missing: ${missing.join(", ")} (.ci/base-images.sh)`;
}

/** `describe` for tests that need a Docker engine with these images. Skips them, with the reason in the title, without one. */
export function describeWithDocker(title: string, images: readonly string[], tests: () => void): void {
    const reason = reasonWithoutDocker(images);
    if (reason === undefined) {
        describe(title, tests);
    } else {
        describe.skip(`${title} [skipped: ${reason}]`, tests);
    }
}
