import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { ENGINE_IMAGE_CONFIG, OCI_MANIFEST, PROCESS_IMAGE_CONFIG } from "../../emulator/src/registry/manifests";

/** Where an image is pushed. */
export interface PushTarget {
    /** `host:port/project/repository`, the repository's `registryUri`; plain HTTP. */
    readonly registryUri: string;
    /** Name of the image in the repository. */
    readonly name: string;
    /** Access token of who pushes. */
    readonly token: string;
}

/** Result of a push. */
export interface Pushed {
    /** `sha256:...` of the manifest: the image is `<registryUri>/<name>@<digest>`. */
    readonly digest: string;
}

/** The registry refused a push. */
export class PushError extends Error {
    override readonly name = "PushError";
}

/**
 * Pushes a trainer's folder as an image for the runtime `process`: its config says which content it is, and
 * `<dataDir>/engine/images.json` where that lies. The same content gives the same digest on every machine.
 * @throws PushError if the registry refuses
 */
export async function pushProcessImage(
    image: PushTarget & { readonly folder: string; readonly contextSha256: string; readonly dataDir: string },
): Promise<Pushed> {
    const config = Buffer.from(JSON.stringify({ "gcp-trainer.process": { contextSha256: image.contextSha256 } }));
    const configDigest = digestOf(config);
    await rememberFolder(image.dataDir, configDigest, image.folder);
    await pushBlob(image, config, configDigest);
    return await pushManifest(image, {
        mediaType: PROCESS_IMAGE_CONFIG,
        digest: configDigest,
        size: config.length,
    });
}

/**
 * Pushes the name of an image that is in this machine's Docker engine. Its layers stay there: the runtime `docker` runs it
 * by its id.
 * @param image.imageId `sha256:...`, as `docker image inspect --format {{.Id}}` tells it
 * @throws PushError if the registry refuses
 */
export async function pushEngineImage(image: PushTarget & { readonly imageId: string }): Promise<Pushed> {
    return await pushManifest(image, { mediaType: ENGINE_IMAGE_CONFIG, digest: image.imageId, size: 0 });
}

async function pushManifest(target: PushTarget, config: object): Promise<Pushed> {
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });
    const digest = digestOf(manifest);
    // Both by digest, as the VM pulls it, and by tag, so that a person finds it.
    for (const reference of [digest, "latest"]) {
        await send(target, "PUT", `manifests/${reference}`, Buffer.from(manifest), OCI_MANIFEST);
    }
    return { digest };
}

async function pushBlob(target: PushTarget, content: Buffer, digest: string): Promise<void> {
    await send(target, "POST", `blobs/uploads/?digest=${digest}`, content, "application/octet-stream");
}

async function send(target: PushTarget, method: string, path: string, body: Buffer, type: string): Promise<void> {
    const slash = target.registryUri.indexOf("/");
    const url = `http://${target.registryUri.slice(0, slash)}/v2${target.registryUri.slice(slash)}/${target.name}/${path}`;
    const headers = { authorization: `Bearer ${target.token}`, "content-type": type };
    const response = await fetch(url, { method, headers, body: new Uint8Array(body) });
    const answer = await response.text();
    if (!response.ok) {
        throw new PushError(`${method} ${url} was refused with HTTP ${response.status}: ${answer.trim()}`);
    }
}

/** Read by the VM's docker when it pulls: `shims/docker-pull.js`. */
async function rememberFolder(dataDir: string, configDigest: string, folder: string): Promise<void> {
    const file = path.join(dataDir, "engine", "images.json");
    await mkdir(path.join(dataDir, "engine"), { recursive: true });
    const known = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as Record<string, { folder: string }>;
    const draft = `${file}.${process.pid}`;
    await writeFile(draft, `${JSON.stringify({ ...known, [configDigest]: { folder } }, undefined, 2)}\n`);
    await rename(draft, file);
}

/** Forgets the folders of images that no repository has any more. */
export async function forgetFolders(dataDir: string, isUsed: (configDigest: string) => boolean): Promise<void> {
    const file = path.join(dataDir, "engine", "images.json");
    const text = await readFile(file, "utf8").catch(() => "{}");
    const kept = Object.entries(JSON.parse(text) as Record<string, unknown>).filter(([digest]) => isUsed(digest));
    if (kept.length === 0) {
        await rm(file, { force: true });
    } else {
        await writeFile(file, `${JSON.stringify(Object.fromEntries(kept), undefined, 2)}\n`);
    }
}

function digestOf(content: Buffer | string): string {
    return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
