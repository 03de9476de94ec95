/** Files that the waiter adds to a run's folder. */
export const ownFiles = ["manifest.json", "status.json", "trainer.log"];

/**
 * Where an object under `model/` goes, relative to the run's folder, with "/" between the parts. A trainer's object that
 * has the name of one of the waiter's own files keeps its folder `model/`.
 * @throws when the name could lead out of the folder or cannot be a file's name everywhere.
 */
export function toLocalPath(objectName: string, prefix: string): string {
    const path = objectName.slice(prefix.length);
    const parts = path.split("/");
    const problem = !objectName.startsWith(prefix)
        ? `it is not under ${prefix}`
        : parts.some((part) => part === "" || part === "." || part === "..")
          ? 'a part of it is empty, "." or ".."'
          : path.includes("\\")
            ? "it holds a backslash"
            : /^[A-Za-z]:/.test(path) || (process.platform === "win32" && path.includes(":"))
              ? "it looks like a drive letter"
              : [...path].some((character) => character < " ")
                ? "it holds a control character"
                : undefined;
    if (problem) {
        throw new Error(
            `The object ${JSON.stringify(objectName)} cannot be saved as a file: ${problem}. ` +
                "Let the trainer write names of plain parts with / between them.",
        );
    }
    return ownFiles.includes(path.toLowerCase()) ? `model/${path}` : path;
}
