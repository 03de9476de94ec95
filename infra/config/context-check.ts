import { existsSync, statSync } from "node:fs";
import path from "node:path";

/** Files and folders that do not belong in an image, each with the reason. */
const UNWANTED: Readonly<Record<string, string>> = {
    ".git": "the history, which is large and changes the image with every commit",
    ".venv": "a Python environment of this machine, which does not work in the image",
    ".env": "secrets, which anyone who can pull the image could read (docs/secrets.md)",
};
const LARGE_BYTES = 100 * 1000 * 1000;

/**
 * Finds what should not be sent to the Docker engine, because it would become part of the image.
 *
 * @param trainer the folder
 * @param names files of the build context, relative to the folder, with slashes
 * @returns a warning for each, with the command that excludes it
 */
export function contextWarnings(trainer: string, names: readonly string[]): string[] {
    const warnings = new Map<string, string>();
    for (const name of names) {
        const parts = name.split("/");
        const at = parts.findIndex((part) => Object.hasOwn(UNWANTED, part));
        if (at !== -1) {
            warnings.set(parts.slice(0, at + 1).join("/"), `contains ${UNWANTED[parts[at] ?? ""]}`);
            continue;
        }
        const size = statSync(path.join(trainer, name), { throwIfNoEntry: false })?.size ?? 0;
        if (size > LARGE_BYTES) {
            warnings.set(name, `is ${Math.round(size / 1e6)} MB in size; read data from the bucket instead`);
        }
    }
    // Docker reads only the first of these two that exists.
    const own = "Dockerfile.dockerignore";
    const ignore = existsSync(path.join(trainer, own)) ? own : ".dockerignore";
    const rules = path.posix.join(trainer.split(path.sep).join("/"), ignore);
    return [...warnings].map(
        ([name, problem]) =>
            `The trainer's build context includes ${name}, which ${problem}. To exclude it: echo '${name}' >> ${rules}`,
    );
}
