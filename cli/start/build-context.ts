import { createHash } from "node:crypto";
import { lstat, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { contextFiles } from "../../infra/build-context";

/**
 * SHA-256 over names and contents of a build context and its build args: changes exactly when an image built from it may.
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
