import { buildImage, findEngine, type ImageBuild, ImageBuildError, REHEARSAL_TAG } from "../shared/docker";
import type { RuntimeName } from "./context";
import { UsageError } from "./stack-config";

/**
 * Decides what the VM is made of, and says so.
 *
 * Unless a runtime is asked for, an engine is used if there is one and the trainer's base images are there or can be pulled: the
 * rehearsal has to work on a machine without a network, too. Any other failure of the build is the trainer's, and is reported
 * when the image is made.
 *
 * @throws UsageError when `docker` is asked for and no engine answers
 */
export async function chooseRuntime(
    asked: RuntimeName | undefined,
    build: ImageBuild,
    print: (line: string) => void,
    signal: AbortSignal,
): Promise<RuntimeName> {
    if (asked === "process") {
        print("VM: the trainer runs as a process (--runtime process).");
        return "process";
    }
    const engine = await findEngine();
    if ("missing" in engine) {
        if (asked === "docker") {
            throw new UsageError(
                `--runtime docker needs a Docker engine, and none answers: ${engine.missing} (start Docker, or npm start -- --runtime process)`,
            );
        }
        print("VM: no Docker engine answers, so the trainer runs as a process instead of in its image.");
        return "process";
    }
    if (asked === undefined) {
        print(`Docker engine ${engine.version} found: building the trainer's image (the first time takes longest) ...`);
        const unavailable = await baseImageUnavailable(build, signal);
        if (unavailable) {
            print(`VM: the base images cannot be had (${unavailable}), so the trainer runs as a process.`);
            print("    To insist: npm start -- --runtime docker");
            return "process";
        }
    }
    print(`VM: a container of the trainer's image, in the Docker engine ${engine.version}.`);
    return "docker";
}

async function baseImageUnavailable(build: ImageBuild, signal: AbortSignal): Promise<string | undefined> {
    try {
        await buildImage(build, REHEARSAL_TAG, signal);
        return undefined;
    } catch (error) {
        if (error instanceof ImageBuildError && error.baseImageUnavailable) {
            return error.output.trim().split("\n").at(-1)?.trim();
        }
        return undefined;
    }
}
