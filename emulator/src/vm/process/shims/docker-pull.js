// @ts-check
// Pulls images. The manifest identifies the image; its content remains in the Docker engine or in the trainer's folder.

const { execFileSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const { dirname, join } = require("node:path");
const { buffer } = require("node:stream/consumers");
const { credentialsFor } = require("./gcr-credentials.js");
const { vmDir, realDocker, realEnv } = require("./vm.js");

const MANIFEST_TYPES = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/** Number of milliseconds without any data after which a request is abandoned. */
const IDLE_MS = 30_000;

class PullError extends Error {}

/** @typedef {{ digest: string, platform?: { os?: string, architecture?: string } }} PlatformManifest */
/** @typedef {{ manifests?: PlatformManifest[], config?: { digest?: string } }} Manifest */
/** @typedef {{ reference: string, digest: string, imageId: string, folder?: string, command?: string }} LocalImage */

/** Images that this VM has pulled. They survive a reboot, as they would in /var/lib/docker. */
function imagesFile() {
    return join(vmDir(), "docker", "images.json");
}

/** @returns {Record<string, LocalImage>} */
function localImages() {
    try {
        return JSON.parse(readFileSync(imagesFile(), "utf8"));
    } catch {
        return {};
    }
}

/** @param {string} reference */
function localImage(reference) {
    return localImages()[reference];
}

/** @param {string} reference @returns {Promise<LocalImage>} */
async function pull(reference) {
    const match = /^([^/]+)\/(.+?)(?:@(sha256:[0-9a-f]{64})|:([A-Za-z0-9_][A-Za-z0-9._-]*))?$/.exec(reference);
    if (match === null || !/[.:]|^localhost$/.test(match[1] ?? "")) {
        throw new PullError(`invalid reference format: ${reference} (a registry host is required)`);
    }
    const [, host = "", path = ""] = match;
    const wanted = match[3] ?? match[4] ?? "latest";
    if (process.env.EMULATOR_RUNTIME === "docker" && !isEmulator(host)) {
        return keep({ reference, ...pullIntoEngine(reference) });
    }
    const first = await fetchManifest(host, path, wanted, reference);
    const manifest = Array.isArray(first.body.manifests)
        ? await fetchManifest(host, path, choosePlatform(first.body.manifests, reference), reference)
        : first;
    const imageId = manifest.body.config?.digest;
    if (typeof imageId !== "string") {
        throw new PullError(`manifest of ${reference} has no config`);
    }
    return keep({ reference, digest: first.digest, imageId, ...locate(imageId, reference) });
}

/** @param {LocalImage} image */
function keep(image) {
    const images = { ...localImages(), [image.reference]: image };
    mkdirSync(dirname(imagesFile()), { recursive: true });
    writeFileSync(`${imagesFile()}.new`, JSON.stringify(images));
    renameSync(`${imagesFile()}.new`, imagesFile());
    return image;
}

/** @param {string} host */
function isEmulator(host) {
    return /^(127\.[\d.]+|localhost|\[::1\]):/.test(host) && host.endsWith(`:${process.env.EMULATOR_REGISTRY_PORT}`);
}

/**
 * Pulls from another registry through the engine, with the developer's credentials, unless the engine has the image.
 * @param {string} reference @returns {{ digest: string, imageId: string }}
 */
function pullIntoEngine(reference) {
    const docker = (/** @type {string[]} */ ...args) =>
        execFileSync(realDocker(), args, {
            encoding: "utf8",
            env: realEnv(),
            stdio: ["ignore", "pipe", "pipe"],
        }).trim();
    const format = "{{.Id}} {{range .RepoDigests}}{{.}} {{end}}";
    const inspect = () => docker("image", "inspect", "--format", format, reference).split(" ");
    let found = /** @type {string[]} */ ([]);
    try {
        found = inspect();
    } catch {
        try {
            docker("pull", "--quiet", reference);
            found = inspect();
        } catch (error) {
            const { stderr = "" } = /** @type {{ stderr?: string }} */ (error);
            throw new PullError(
                stderr.trim().split("\n").at(-1) || `this machine's Docker engine cannot pull ${reference}`,
            );
        }
    }
    const [imageId = "", ...digests] = found;
    const name = reference.replace(/@.*$|:[\w.-]+$/, "");
    const digest = digests.find((one) => one.startsWith(`${name}@`))?.slice(name.length + 1) ?? imageId;
    return { digest, imageId };
}

/** @param {string} imageId @param {string} reference */
function locate(imageId, reference) {
    if (process.env.EMULATOR_RUNTIME === "docker") {
        try {
            execFileSync(realDocker(), ["image", "inspect", imageId], { stdio: "ignore", env: realEnv() });
            return {};
        } catch {
            throw new PullError(
                `manifest for ${reference} not found: this machine's Docker engine has no image ${imageId}`,
            );
        }
    }
    let known = /** @type {Record<string, { folder: string, command?: string }>} */ ({});
    try {
        known = JSON.parse(readFileSync(process.env.EMULATOR_IMAGES ?? "", "utf8"));
    } catch {
        // No image has been added yet.
    }
    const program = known[imageId];
    if (program === undefined) {
        throw new PullError(
            `manifest for ${reference} not found: image ${imageId} was not built for the process runtime (npm start -- --runtime docker runs images of a Docker engine)`,
        );
    }
    return program;
}

/** @param {PlatformManifest[]} manifests @param {string} reference */
function choosePlatform(manifests, reference) {
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    const found = manifests.find((one) => one.platform?.os === "linux" && one.platform.architecture === architecture);
    if (found === undefined) {
        throw new PullError(
            `no matching manifest for linux/${architecture} in the manifest list entries of ${reference}`,
        );
    }
    return found.digest;
}

/**
 * @param {string} host @param {string} path @param {string} wanted tag or digest @param {string} reference
 * @returns {Promise<{ body: Manifest, digest: string }>}
 */
async function fetchManifest(host, path, wanted, reference) {
    const url = `${/^(127\.|localhost(:|$)|\[::1\])/.test(host) ? "http" : "https"}://${host}/v2/${path}/manifests/${wanted}`;
    const answer = await get(url, { accept: MANIFEST_TYPES.join(", "), ...(await credentials(host)) });
    const text = answer.body.toString("utf8");
    if (answer.status === 200) {
        const expected = wanted.startsWith("sha256:") ? wanted : answer.digest;
        if (`sha256:${createHash("sha256").update(answer.body).digest("hex")}` !== expected) {
            throw new PullError(`manifest verification failed for digest ${expected}`);
        }
        return { body: JSON.parse(text), digest: expected };
    }
    let error = { code: "UNKNOWN", message: text.slice(0, 200) };
    try {
        error = JSON.parse(text).errors[0];
    } catch {
        // The body is not a registry error.
    }
    switch (answer.status) {
        case 401:
        case 403:
            throw new PullError(`Head "${url}": denied: ${error.message}`);
        case 404:
            throw new PullError(`manifest for ${reference} not found: manifest unknown: ${error.message}`);
        default:
            throw new PullError(`Head "${url}": received unexpected HTTP status: ${answer.status} ${error.message}`);
    }
}

/**
 * Returns the credentials that `docker-credential-gcr configure-docker` set up for the host, or none if it was not run.
 * Docker would start the credential helper, but a second process would double the time that a pull takes here.
 * @param {string} host @returns {Promise<{ authorization?: string }>}
 */
async function credentials(host) {
    let helper;
    try {
        helper = JSON.parse(readFileSync(join(process.env.HOME ?? "/root", ".docker", "config.json"), "utf8"))
            .credHelpers?.[host];
    } catch {
        return {};
    }
    if (helper !== "gcr") {
        return {};
    }
    try {
        const { Username, Secret } = await credentialsFor(host);
        return { authorization: `Basic ${Buffer.from(`${Username}:${Secret}`).toString("base64")}` };
    } catch (error) {
        throw new PullError(`error getting credentials - err: ${error instanceof Error ? error.message : error}`);
    }
}

/**
 * @param {string} url @param {Record<string, string>} headers
 * @returns {Promise<{ status: number, body: Buffer, digest: string }>}
 * @throws PullError if the request fails or its response is incomplete
 */
function get(url, headers) {
    return new Promise((resolve, reject) => {
        const fail = (/** @type {Error} */ error) => reject(new PullError(`Get "${url}": ${error.message}`));
        const request = (url.startsWith("https:") ? https : http).get(url, { headers, agent: false }, (response) => {
            const digest = String(response.headers["docker-content-digest"]);
            buffer(response).then((body) => resolve({ status: response.statusCode ?? 0, body, digest }), fail);
        });
        request.setTimeout(IDLE_MS, () => request.destroy(new Error("i/o timeout")));
        request.on("error", fail);
    });
}

module.exports = { PullError, localImage, pull };
