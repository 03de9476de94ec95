import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { lstat, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { contextFiles } from "../../../infra/build-context";
import { buildImage, type ImageBuild, REHEARSAL_TAG, removeImage } from "../../shared/docker";
import { runProcess } from "../../shared/run-process";
import {
    type CreatedResource,
    type CreateResource,
    call,
    type RehearsalContext,
    rejectUnknownInputs,
} from "../rehearsal-context";

/**
 * Creates `docker.Image`. The engine builds the image; without an engine, the image represents the trainer's folder. It
 * is pushed to the emulator's registry, from which the VM pulls it by digest.
 */
export const image: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, ["imageName", "build", "registry", "buildOnPreview", "skipPush"]);
    const build = inputs.build as ImageBuild;
    const folder = path.resolve(context.projectDir, build.context);
    const imageName = String(inputs.imageName);
    const push = context.runtime === "docker" ? pushBuiltImage : pushFolder;
    const resolved = { ...build, context: folder };
    // This path is relative to the program, not to the build context:
    // https://www.pulumi.com/registry/packages/docker/api-docs/image/
    if (build.dockerfile) {
        resolved.dockerfile = path.resolve(context.projectDir, build.dockerfile);
    }
    const { digest, detail, destroy } = await push(imageName, resolved, context);
    return {
        id: imageName,
        outputs: {
            imageName,
            baseImageName: imageName,
            repoDigest: `${withoutTag(imageName)}@${digest}`,
        },
        detail,
        destroy,
    };
};

type Pushed = { digest: string; detail: string } & Required<Pick<CreatedResource, "destroy">>;

async function pushBuiltImage(imageName: string, build: ImageBuild, context: RehearsalContext): Promise<Pushed> {
    const imageId = await buildImage(build, REHEARSAL_TAG, context.signal, context.print);
    const digest = await addImage(context, { image: imageName, engineImageId: imageId });
    return {
        digest,
        detail: `built by the Docker engine: ${imageId.slice(0, 19)}`,
        destroy: () => removeImage(REHEARSAL_TAG),
    };
}

async function pushFolder(imageName: string, build: ImageBuild, context: RehearsalContext): Promise<Pushed> {
    const { trainerDir, program, projectDir, signal } = context;
    await buildFolder(trainerDir, signal);
    const content = await hashContext(trainerDir, build.args ?? {});
    const digest = await addImage(context, { image: imageName, content, ...(program ?? { folder: trainerDir }) });
    return {
        digest,
        detail: program ? "as a process" : `from ${path.relative(projectDir, trainerDir) || "."}/, as a process`,
        // There is nothing to delete: as on Google Cloud, deleting the repository also deletes its images.
        destroy: () => Promise.resolve(),
    };
}

/**
 * Runs the trainer's `build` script if it has one, so that changes to the trainer take effect, as they would in an
 * image.
 */
async function buildFolder(folder: string, signal: AbortSignal): Promise<void> {
    const manifest = path.join(folder, "package.json");
    if (!existsSync(manifest)) {
        return;
    }
    const { scripts } = JSON.parse(readFileSync(manifest, "utf8")) as { scripts?: Record<string, string> };
    if (!scripts?.build) {
        return;
    }
    // npm sets npm_execpath for its scripts; Windows cannot start npm.cmd without a shell.
    const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
    const [command = "npm", ...args] = [...npm, "run", "build", "--silent"];
    const built = await runProcess(command, args, { cwd: folder, signal });
    if (built.exitCode !== 0) {
        throw new Error(`npm run build in ${folder} failed with ${built.exitCode}:\n${built.output.trim()}`);
    }
}

/** Stores a local image in the emulator's registry and returns its digest. */
async function addImage(context: RehearsalContext, body: Record<string, string>): Promise<string> {
    const { digest } = await call(context, "POST", "/emulator/v1/images", body);
    return String(digest);
}

/** Removes the tag from `host:port/project/repository/image:tag`, where the port is also preceded by a colon. */
function withoutTag(imageName: string): string {
    return imageName.replace(/:[^:/]+$/, "");
}

/**
 * Hashes the names and contents of a build context and its build args: the hash changes exactly when an image built
 * from them may change.
 *
 * @returns 64 hex digits
 */
export async function hashContext(folder: string, buildArgs: Record<string, string>): Promise<string> {
    const hash = createHash("sha256");
    for (const name of contextFiles(folder)) {
        const file = path.join(folder, name);
        const isLink = (await lstat(file)).isSymbolicLink();
        const content = createHash("sha256").update(isLink ? await readlink(file) : await readFile(file));
        hash.update(`${name}\0${content.digest("hex")}\n`);
    }
    hash.update(JSON.stringify(Object.entries(buildArgs).sort()));
    return hash.digest("hex");
}
