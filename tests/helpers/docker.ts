import { spawnSync } from "node:child_process";

/** Runs `docker` and returns its output without the final line break. Throws its error output if it fails. */
export function docker(...args: string[]): string {
    const { status, stdout, stderr, error } = spawnSync("docker", args, { encoding: "utf8" });
    if (error !== undefined || status !== 0) {
        throw new Error(`docker ${args.join(" ")}: ${error?.message ?? `exit ${status}`}\n${stderr ?? ""}`);
    }
    return stdout.trim();
}

/** The trainer's base images, which `.ci/base-images.sh` makes where no registry can be reached. */
export const BASE_IMAGES = {
    BUILD_IMAGE: "gcp-trainer-base/node-build:local",
    RUNTIME_IMAGE: "gcp-trainer-base/node-runtime:local",
};

/** Arguments of `docker build` that select the local base images. */
export const BASE_IMAGE_ARGS = Object.entries(BASE_IMAGES).flatMap(([name, image]) => [
    "--build-arg",
    `${name}=${image}`,
]);

/** Why tests with a Docker engine cannot run here; undefined when they can. */
export function reasonWithoutDocker(): string | undefined {
    if (spawnSync("docker", ["info"], { stdio: "ignore" }).status !== 0) {
        return "no Docker engine answers (docker info)";
    }
    const missing = Object.values(BASE_IMAGES).filter(
        (image) => spawnSync("docker", ["image", "inspect", image], { stdio: "ignore" }).status !== 0,
    );
    return missing.length === 0 ? undefined : `base images are missing: ${missing.join(", ")} (.ci/base-images.sh)`;
}

/** `describe` for tests that need a Docker engine and the base images; without, they are skipped and the title says why. */
export function describeWithDocker(title: string, tests: () => void): void {
    const reason = reasonWithoutDocker();
    if (reason === undefined) {
        describe(title, tests);
    } else {
        describe.skip(`${title} [skipped: ${reason}]`, tests);
    }
}
