import { createHash } from "node:crypto";
import { unimplemented } from "../http/errors";
import { missing, selfLink } from "./links";

/** https://cloud.google.com/compute/docs/reference/rest/v1/images, with the fields that clients read. */
export interface Image {
    readonly kind: "compute#image";
    readonly id: string;
    readonly name: string;
    readonly family: string;
    readonly description: string;
    readonly selfLink: string;
    readonly creationTimestamp: string;
    readonly status: "READY";
    readonly sourceType: "RAW";
    readonly architecture: "X86_64" | "ARM64";
    readonly diskSizeGb: string;
    readonly archiveSizeBytes: string;
    readonly storageLocations: readonly string[];
    readonly guestOsFeatures: readonly { readonly type: string }[];
}

/** Google's project that contains these images. Every caller may read it. */
export const IMAGE_PROJECT = "cos-cloud";
/** The Google project that hosts the images for Google Batch. Only those based on Container-Optimized OS are here. */
export const BATCH_IMAGE_PROJECT = "batch-custom-image";
const BATCH_FAMILY = "batch-cos";
const FAMILY = /^cos(-arm64)?-(stable|beta|dev|\d{2,3}-lts)$/;
/** Image families that `images.list` returns: those supported as of 2026. The emulator accepts every LTS milestone. */
const LISTED = ["stable", "beta", "dev", "117-lts", "121-lts", "125-lts", "129-lts"];
/** Build number of every emulated image. The VM does not run the image, so one build per family is enough. */
const BUILD = "19999-0-0";

/**
 * Returns a Container-Optimized OS image. The emulated VM behaves like that system, so images from other projects are
 * not emulated. The image name contains the family name, because the provider compares the two.
 * @param path `projects/cos-cloud/global/images/family/F` or `.../images/NAME`
 * @throws ApiError 404, or 501 for Google's other image projects
 * @see https://cloud.google.com/container-optimized-os/docs/concepts/versioning
 */
export function imageAt(path: string): Image {
    checkProject(path.split("/")[1] ?? "");
    const match = /^projects\/([^/]+)\/global\/images\/(family\/)?([^/]+)$/.exec(path);
    const name = match?.[3] ?? "";
    const family = match?.[2] === undefined ? name.replace(new RegExp(`-${BUILD}$`), "") : name;
    const isKnown =
        (match?.[1] === IMAGE_PROJECT && FAMILY.test(family)) ||
        (match?.[1] === BATCH_IMAGE_PROJECT && family === BATCH_FAMILY);
    if (!isKnown || (match[2] === undefined && family === name)) {
        throw missing(path);
    }
    return describe(family);
}

/** Returns the images in a project, ordered by name. @throws ApiError 501 for Google's other image projects */
export function imagesOf(project: string): Image[] {
    checkProject(project);
    const families = LISTED.flatMap((channel) => [`cos-${channel}`, `cos-arm64-${channel}`]);
    if (project === BATCH_IMAGE_PROJECT) {
        return [describe(BATCH_FAMILY)];
    }
    return project === IMAGE_PROJECT ? families.sort().map(describe) : [];
}

/**
 * Rejects Google's other public image projects (debian-cloud, ubuntu-os-cloud ...). A user's own project is accepted,
 * although it has no public images.
 */
function checkProject(project: string): void {
    if (project !== IMAGE_PROJECT && /-cloud$|^(deeplearning-platform-release|ml-images)$/.test(project)) {
        throw unimplemented(`images of the project "${project}" (only those of ${IMAGE_PROJECT} are supported)`);
    }
}

function describe(family: string): Image {
    const name = `${family}-${BUILD}`;
    const id = createHash("sha256").update(name).digest().readBigUInt64BE() >> 1n;
    return {
        kind: "compute#image",
        id: String(id | (1n << 60n)),
        name,
        family,
        description: `Container-Optimized OS, emulated: ${family}`,
        selfLink: selfLink(
            `projects/${family === BATCH_FAMILY ? BATCH_IMAGE_PROJECT : IMAGE_PROJECT}/global/images/${name}`,
        ),
        creationTimestamp: "2026-01-01T00:00:00.000-08:00",
        status: "READY",
        sourceType: "RAW",
        architecture: family.includes("arm64") ? "ARM64" : "X86_64",
        diskSizeGb: "10",
        archiveSizeBytes: "1000000000",
        storageLocations: ["us"],
        guestOsFeatures: [{ type: "UEFI_COMPATIBLE" }, { type: "VIRTIO_SCSI_MULTIQUEUE" }, { type: "GVNIC" }],
    };
}
