import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import dockerignore from "@balena/dockerignore";

/**
 * The files that `docker build` would send: everything in the folder that its `.dockerignore` lets through.
 * https://docs.docker.com/build/concepts/context/#dockerignore-files
 *
 * @returns paths relative to the folder, with slashes, sorted
 */
export async function contextFiles(folder: string): Promise<string[]> {
    const ignore = dockerignore().add(readIfThere(path.join(folder, ".dockerignore")));
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
        .filter((name) => !ignore.ignores(name))
        .sort();
}

/**
 * SHA-256 over names and contents of a build context and its build args: changes exactly when an image built from it may.
 *
 * @returns 64 hex digits
 */
export async function hashContext(folder: string, buildArgs: Record<string, string>): Promise<string> {
    const hash = createHash("sha256");
    for (const name of await contextFiles(folder)) {
        const content = createHash("sha256").update(await readFile(path.join(folder, name)));
        hash.update(`${name}\0${content.digest("hex")}\n`);
    }
    hash.update(JSON.stringify(Object.entries(buildArgs).sort()));
    return hash.digest("hex");
}

function readIfThere(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return "";
    }
}
