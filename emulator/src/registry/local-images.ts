import { statSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { z } from "zod";
import { invalid, notFound, permissionDenied } from "../http/errors";
import { type Route, route } from "../http/router";
import { digestOf, SHA256_DIGEST } from "./blob-files";
import type { ImageName, ImageStore } from "./images";
import { ENGINE_IMAGE_CONFIG, OCI_MANIFEST, PROCESS_IMAGE_CONFIG } from "./manifests";
import type { RepositoryService } from "./repositories";

const REFERENCE =
    /^[^/]+\/([a-z0-9-]+)\/([a-z0-9-]+)\/([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?$/;

const localImage = z.strictObject({
    /** `host:port/project/repository/name[:tag]`, as in `docker push`. */
    image: z.string(),
    /** Absolute path to a folder whose start script the process runtime runs. */
    folder: z.string().optional(),
    /** A shell command that runs in the folder instead of its start script. The container's arguments follow it. */
    command: z.string().min(1).optional(),
    /** Identifies the folder's content: the same string yields the same digest on every machine. */
    content: z.string().optional(),
    /** Id of an image in this machine's Docker engine, for the docker runtime. */
    engineImageId: z.string().optional(),
});

type LocalImage = z.output<typeof localImage>;

/** The parts of the registry to which local images are added. */
export interface LocalImageTarget {
    readonly images: ImageStore;
    readonly repositories: RepositoryService;
}

/**
 * `POST /emulator/v1/images` registers an image that stays on this machine: a folder, or an image in the Docker engine.
 * It takes the place of a push. Only the developer may call it, because VMs run the content that it names. It is not
 * part of Google's API.
 */
export function localImageRoute(target: LocalImageTarget): Route {
    return route("POST", "/emulator/v1/images", async (request) => {
        if (request.principal.kind !== "owner") {
            throw permissionDenied(
                "Only the developer may add images from this machine; a VM's account may push images.",
            );
        }
        return { body: await addLocalImage(target, await request.read(localImage)) };
    });
}

async function addLocalImage(
    { images, repositories }: LocalImageTarget,
    body: LocalImage,
): Promise<{ image: string; digest: string }> {
    const [, project = "", id = "", image = "", tag = "latest"] = REFERENCE.exec(body.image) ?? [];
    if (project === "") {
        throw invalid(
            `"image" must be HOST:PORT/PROJECT/REPOSITORY/NAME[:TAG]; got ${JSON.stringify(body.image)}`,
            "image",
        );
    }
    if (repositories.find(project, id) === undefined) {
        throw notFound(`Repository "${id}" not found in project "${project}"; create it before its images.`);
    }
    const name = { repository: `${project}/${id}`, image };
    const config = await addConfig(images, name, body);
    const text = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });
    const digest = digestOf(text);
    const uploadTime = new Date().toISOString();
    await images.putManifest(name, { digest, mediaType: OCI_MANIFEST, text, uploadTime }, [tag]);
    return { image: `${body.image.replace(/:[^:/]+$/, "")}@${digest}`, digest };
}

/** Adds the content that the manifest refers to, and returns its descriptor. */
async function addConfig(images: ImageStore, name: ImageName, body: LocalImage): Promise<object> {
    const { folder, command, content, engineImageId } = body;
    if ((folder === undefined) === (engineImageId === undefined)) {
        throw invalid('Exactly one of "folder" and "engineImageId" must be set.');
    }
    if (engineImageId !== undefined) {
        if (!SHA256_DIGEST.test(engineImageId)) {
            throw invalid(
                `"engineImageId" must be sha256:<64 hex digits>; got ${JSON.stringify(engineImageId)} (docker image inspect --format {{.Id}} IMAGE)`,
                "engineImageId",
            );
        }
        return { mediaType: ENGINE_IMAGE_CONFIG, digest: engineImageId, size: 0 };
    }
    if (folder === undefined || !path.isAbsolute(folder) || statSync(folder, { throwIfNoEntry: false }) === undefined) {
        throw invalid(
            `"folder" must be the absolute path of an existing folder; got ${JSON.stringify(folder)}`,
            "folder",
        );
    }
    const config = Buffer.from(JSON.stringify({ "gcp-emulator.process": { content: content ?? folder, command } }));
    const digest = digestOf(config);
    const upload = images.files.begin();
    await upload.append(Readable.from([config]));
    await images.storeBlob(name.repository, upload, digest);
    await images.folders.add(digest, { folder, ...(command === undefined ? {} : { command }) });
    return { mediaType: PROCESS_IMAGE_CONFIG, digest, size: config.length };
}
