import { spawn } from "node:child_process";

/** What a command printed and how it ended. */
export interface CommandResult {
    exitCode: number;
    stdout: string;
    /** Standard output and standard error, in the order of their arrival. */
    output: string;
}

/**
 * Runs a command without a shell and collects what it prints. A command that cannot be started ends with 127, as in a shell.
 *
 * @param options.signal kills the command when aborted
 */
export function run(
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
): Promise<CommandResult> {
    return new Promise((resolve) => {
        const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
        let stdout = "";
        let output = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
            stdout += text;
            output += text;
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
            output += text;
        });
        child.on("error", (error) => resolve({ exitCode: 127, stdout, output: `${output}${error.message}` }));
        child.on("close", (code) => resolve({ exitCode: code ?? 1, stdout, output }));
    });
}

/** Whether a Docker engine answers; if not, in whose words. */
export async function findEngine(): Promise<{ version: string } | { missing: string }> {
    const result = await run("docker", ["version", "--format", "{{.Server.Version}}"]);
    if (result.exitCode === 0 && result.stdout.trim() !== "") {
        return { version: result.stdout.trim() };
    }
    return { missing: lastLine(result.output) || "docker did not answer" };
}

/** What the trainer's image is called while this process rehearses it; the rehearsal takes the tag away. */
export const REHEARSAL_TAG = `gcp-trainer-rehearsal:${process.pid}`;

/** Takes a tag away, and the image if it has no other. One that is not there is fine. */
export async function removeImage(tag: string): Promise<void> {
    await run("docker", ["image", "rm", "--force", tag]);
}

/** What an image is built from; the fields of the docker provider's `build`. */
export interface ImageBuild {
    context: string;
    /** @default `Dockerfile` in the context */
    dockerfile?: string;
    /** e.g. `linux/amd64` */
    platform?: string;
    args?: Record<string, string>;
}

/** `docker build` failed; `output` is all that it printed. */
export class ImageBuildError extends Error {
    readonly output: string;

    constructor(output: string, context: string) {
        super(`docker build of ${context} failed: ${lastLine(output)}`);
        this.output = output;
    }

    /** Whether a base image could not be had, e.g. without a network: nothing that the Dockerfile itself got wrong. */
    get baseImageUnavailable(): boolean {
        return /pull access denied|failed to resolve source metadata|failed to do request|error pulling image|manifest (for \S+ not found|unknown)|no such host|i\/o timeout|connection refused|Client\.Timeout|net\/http|TLS handshake/i.test(
            this.output,
        );
    }
}

/**
 * Builds an image with the engine.
 *
 * @returns the engine's image ID, `sha256:...`
 * @throws ImageBuildError
 */
export async function buildImage(build: ImageBuild, tag: string, signal?: AbortSignal): Promise<string> {
    const args = ["build", "--tag", tag, "--file", build.dockerfile ?? `${build.context}/Dockerfile`];
    if (build.platform) {
        args.push("--platform", build.platform);
    }
    for (const [name, value] of Object.entries(build.args ?? {})) {
        args.push("--build-arg", `${name}=${value}`);
    }
    const built = await run("docker", [...args, build.context], signal ? { signal } : {});
    if (built.exitCode !== 0) {
        throw new ImageBuildError(built.output, build.context);
    }
    const inspected = await run("docker", ["image", "inspect", "--format", "{{.Id}}", tag]);
    if (inspected.exitCode !== 0) {
        throw new ImageBuildError(inspected.output, build.context);
    }
    return inspected.stdout.trim();
}

function lastLine(text: string): string {
    return text.trim().split("\n").at(-1)?.trim() ?? "";
}
