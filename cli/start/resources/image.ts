import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { buildImage, type ImageBuild, REHEARSAL_TAG, removeImage, run } from "../../shared/docker";
import { hashContext } from "../build-context";
import { type Applied, type Apply, knowsOnly, type RehearsalContext } from "../context";
import { pushEngineImage, pushProcessImage } from "../push-image";

/**
 * `docker.Image`: built by the engine, or, without one, the trainer's folder as it stands; pushed to the emulator's registry,
 * from which the VM pulls it by digest.
 */
export const image: Apply = async ({ type, inputs }, context) => {
    knowsOnly(type, inputs, ["imageName", "build", "registry", "buildOnPreview", "skipPush"]);
    const build = inputs.build as ImageBuild;
    const folder = path.resolve(context.projectDir, build.context);
    const imageName = String(inputs.imageName);
    const push = context.runtime === "docker" ? pushBuiltImage : pushFolder;
    const resolved = { ...build, context: folder };
    // Relative to the program, not to the build context: https://www.pulumi.com/registry/packages/docker/api-docs/image/
    if (build.dockerfile) {
        resolved.dockerfile = path.resolve(context.projectDir, build.dockerfile);
    }
    const { digest, note, destroy } = await push(imageName, resolved, context);
    return {
        id: imageName,
        outputs: {
            imageName,
            baseImageName: imageName,
            repoDigest: `${withoutTag(imageName)}@${digest}`,
        },
        note,
        destroy,
    };
};

type Pushed = { digest: string; note: string } & Required<Pick<Applied, "destroy">>;

async function pushBuiltImage(imageName: string, build: ImageBuild, context: RehearsalContext): Promise<Pushed> {
    const imageId = await buildImage(build, REHEARSAL_TAG, context.signal);
    const { digest } = await pushEngineImage({ ...address(imageName, context), imageId });
    return {
        digest,
        note: `built by the Docker engine: ${imageId.slice(0, 19)}`,
        destroy: () => removeImage(REHEARSAL_TAG),
    };
}

async function pushFolder(imageName: string, build: ImageBuild, context: RehearsalContext): Promise<Pushed> {
    const { trainerDir, projectDir, dataDir, signal } = context;
    await buildFolder(trainerDir, signal);
    const contextSha256 = await hashContext(trainerDir, build.args ?? {});
    const pushed = { ...address(imageName, context), folder: trainerDir, contextSha256, dataDir };
    const { digest } = await pushProcessImage(pushed);
    return {
        digest,
        note: `from ${path.relative(projectDir, trainerDir) || "."}/, as a process`,
        // What is in the registry goes with the repository, as on Google Cloud; on this machine nothing was made.
        destroy: () => Promise.resolve(),
    };
}

/** An edited trainer has to be what runs, as it would be in an image: its own `build` script is run if it has one. */
async function buildFolder(folder: string, signal: AbortSignal): Promise<void> {
    const manifest = path.join(folder, "package.json");
    if (!existsSync(manifest)) {
        return;
    }
    const { scripts } = JSON.parse(readFileSync(manifest, "utf8")) as { scripts?: Record<string, string> };
    if (!scripts?.build) {
        return;
    }
    // npm tells its scripts where it is; Windows starts no npm.cmd without a shell.
    const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
    const [command = "npm", ...args] = [...npm, "run", "build", "--silent"];
    const built = await run(command, args, { cwd: folder, signal });
    if (built.exitCode !== 0) {
        throw new Error(`npm run build in ${folder} failed with ${built.exitCode}:\n${built.output.trim()}`);
    }
}

function address(imageName: string, context: RehearsalContext) {
    const name = withoutTag(imageName);
    const slash = name.lastIndexOf("/");
    return { registryUri: name.slice(0, slash), name: name.slice(slash + 1), token: context.gcp.accessToken };
}

/** `host:port/project/repository/image:tag` without the tag; the port has a colon of its own. */
function withoutTag(imageName: string): string {
    return imageName.replace(/:[^:/]+$/, "");
}
