import { existsSync } from "node:fs";
import path from "node:path";

/**
 * Finds this machine's docker command.
 * @throws Error that lists the folders searched
 */
export function findDocker(): string {
    const folders = (process.env.PATH ?? "").split(path.delimiter);
    const name = process.platform === "win32" ? "docker.exe" : "docker";
    const found = folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
    if (found === undefined) {
        throw new Error(
            `This runtime needs the docker command, which is not on PATH (${folders.join(path.delimiter)}). ` +
                "Install Docker, or use the process runtime (--runtime process).",
        );
    }
    return found;
}
