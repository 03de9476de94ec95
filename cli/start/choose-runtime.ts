import { buildImage, findEngine, type ImageBuild, ImageBuildError, lastLine, REHEARSAL_TAG } from "../shared/docker";
import { runProcess } from "../shared/run-process";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";
import type { RuntimeName } from "./rehearsal-context";

/**
 * Pulls an existing image, which only a Docker engine can run.
 *
 * @throws UsageError without an engine, or if the engine cannot pull the image
 */
export async function useExistingImage(
    image: string,
    requested: RuntimeName | undefined,
    print: (line: string) => void,
    signal: AbortSignal,
): Promise<RuntimeName> {
    const engine = requested === "process" ? { missing: "--runtime process" } : await findEngine();
    if ("missing" in engine) {
        throw new UsageError(
            `image needs a Docker engine; got ${engine.missing} (start Docker, and ${commandLine("start")})`,
        );
    }
    print(`Docker engine ${engine.version} found: pulling ${image} (slow the first time) ...`);
    const isPresent = (await runProcess("docker", ["image", "inspect", image], { signal })).exitCode === 0;
    // A tag may have moved since it was pulled, but an image that is present is better than none.
    if (!isPresent || !image.includes("@")) {
        const pulled = await runProcess("docker", ["pull", "--quiet", image], { signal });
        if (pulled.exitCode !== 0 && !isPresent) {
            throw new UsageError(`docker cannot pull the image: ${lastLine(pulled.output)} (docker pull ${image})`);
        }
    }
    print(`VM: a container with this image, in the Docker engine ${engine.version}.`);
    return "docker";
}

/**
 * Chooses how the VM runs the trainer, in a container or as a process, and reports the choice.
 *
 * By default, an engine is used if one is reachable and the trainer's base images exist or can be pulled, because the
 * rehearsal must also work without a network. Any other build failure is a problem with the trainer and is reported
 * when the image is created.
 *
 * @throws UsageError when `docker` is requested and no engine is reachable
 */
export async function chooseRuntime(
    requested: RuntimeName | undefined,
    build: ImageBuild,
    print: (line: string) => void,
    signal: AbortSignal,
): Promise<RuntimeName> {
    if (requested === "process") {
        print("VM: the trainer runs as a process (--runtime process).");
        return "process";
    }
    const engine = await findEngine();
    if ("missing" in engine) {
        if (requested === "docker") {
            throw new UsageError(
                `--runtime docker needs a Docker engine, but none is reachable: ${engine.missing} (start Docker, or ${commandLine("start", "--runtime process")})`,
            );
        }
        print("VM: no Docker engine is reachable; running the trainer as a process instead of in its image.");
        return "process";
    }
    if (requested === undefined) {
        print(`Docker engine ${engine.version} found: building the trainer's image (slow the first time) ...`);
        const unavailable = await baseImageUnavailable(build, signal, print);
        if (unavailable) {
            print(`VM: the base images are unavailable (${unavailable}); running the trainer as a process.`);
            print(`    To use Docker anyway: ${commandLine("start", "--runtime docker")}`);
            return "process";
        }
    }
    print(`VM: a container with the trainer's image, in the Docker engine ${engine.version}.`);
    return "docker";
}

async function baseImageUnavailable(
    build: ImageBuild,
    signal: AbortSignal,
    print: (line: string) => void,
): Promise<string | undefined> {
    try {
        await buildImage(build, REHEARSAL_TAG, signal, print);
        return undefined;
    } catch (error) {
        if (error instanceof ImageBuildError && error.baseImageUnavailable) {
            return lastLine(error.output);
        }
        return undefined;
    }
}
