import { runProcess } from "./run-process";

/** Looks for a Docker engine. Returns its version, or the last line that `docker` printed. */
export async function findEngine(): Promise<{ version: string } | { missing: string }> {
    const result = await runProcess("docker", ["version", "--format", "{{.Server.Version}}"]);
    if (result.exitCode === 0 && result.stdout.trim() !== "") {
        return { version: result.stdout.trim() };
    }
    return { missing: lastLine(result.output) || "docker did not respond" };
}

/** Tag for the trainer's image while this process rehearses it; the rehearsal removes the tag when it ends. */
export const REHEARSAL_TAG = `gcp-trainer-rehearsal:${process.pid}`;

/** Removes a tag, and also the image if it does not have any other tags. A missing tag is not an error. */
export async function removeImage(tag: string): Promise<void> {
    await runProcess("docker", ["image", "rm", "--force", tag]);
}

/** Inputs for an image build, named after the fields in the docker provider's `build`. */
export interface ImageBuild {
    context: string;
    /** @default `Dockerfile` in the context */
    dockerfile?: string;
    /** E.g. `linux/amd64`. */
    platform?: string;
    args?: Record<string, string>;
}

/** Thrown when `docker build` fails; `output` is everything that it printed. */
export class ImageBuildError extends Error {
    readonly output: string;

    constructor(output: string, context: string) {
        super(`docker build of ${context} failed: ${lastLine(output)}`);
        this.output = output;
    }

    /** True if the build failed because a base image was unavailable, e.g. without a network. */
    get baseImageUnavailable(): boolean {
        return /pull access denied|failed to resolve source metadata|failed to do request|error pulling image|manifest (for \S+ not found|unknown)|no such host|i\/o timeout|connection refused|Client\.Timeout|net\/http|TLS handshake/i.test(
            this.output,
        );
    }
}

/**
 * Builds an image with the engine.
 *
 * @param print reports a build that prints nothing for five minutes, together with its last line
 * @returns the engine's image ID, `sha256:...`
 * @throws ImageBuildError
 */
export async function buildImage(
    build: ImageBuild,
    tag: string,
    signal?: AbortSignal,
    print?: (line: string) => void,
): Promise<string> {
    const args = ["build", "--tag", tag, "--file", build.dockerfile ?? `${build.context}/Dockerfile`];
    if (build.platform) {
        args.push("--platform", build.platform);
    }
    for (const [name, value] of Object.entries(build.args ?? {})) {
        args.push("--build-arg", `${name}=${value}`);
    }
    const onSilence = print && ((output: string) => print(silentBuild(output)));
    const built = await runProcess("docker", [...args, build.context], { onSilence, ...(signal && { signal }) });
    if (built.exitCode !== 0) {
        throw new ImageBuildError(built.output, build.context);
    }
    const inspected = await runProcess("docker", ["image", "inspect", "--format", "{{.Id}}", tag]);
    if (inspected.exitCode !== 0) {
        throw new ImageBuildError(inspected.output, build.context);
    }
    return inspected.stdout.trim();
}

function silentBuild(output: string): string {
    return (
        `docker build has printed nothing for five minutes. Its last line: ${lastLine(output) || "(none)"}. ` +
        "Ctrl-C stops it; docker build --progress plain shows more output."
    );
}

/** The last line of some text, without surrounding spaces. */
export function lastLine(text: string): string {
    return text.trim().split("\n").at(-1)?.trim() ?? "";
}
