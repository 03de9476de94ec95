import { ownFiles } from "./layout";

/** Subfolder of a run's folder for objects whose names are not valid file names. */
export const renamedFolder = "renamed";

/** Objects that are renamed if their paths conflict with those of other objects, and the prefix to remove. */
export interface Extras {
    names: string[];
    prefix: string;
}

/**
 * Chooses a path relative to the run's folder for each object under a prefix, with "/" between the parts. The choice
 * depends only on the names, so it is the same on every machine, and every path is valid on every system.
 *
 * An object keeps its name if that is a portable path that does not conflict with any other object, whether as a file,
 * as a folder, or in a different case. Any other object is saved as `renamed/<hash>-<end of its name>`. An object with
 * the same name as one of the waiter's own files keeps its `model/` folder.
 */
export function assignPaths(
    names: string[],
    prefix: string,
    extras: Extras = { names: [], prefix },
): Map<string, string> {
    const sorted = [...[...names].sort(), ...[...extras.names].sort()];
    const wanted = new Map<string, string | undefined>();
    const folders = new Set<string>([foldCase(renamedFolder)]);
    for (const name of sorted) {
        const root = [prefix, extras.prefix].find((each) => name.startsWith(each));
        const path = root === undefined ? "" : name.slice(root.length);
        const isOwn = Object.values(ownFiles).includes(path.toLowerCase());
        const local = isPortable(path) ? (isOwn ? `model/${path}` : path) : undefined;
        wanted.set(name, local);
        for (const folder of local === undefined ? [] : foldersOf(local)) {
            folders.add(foldCase(folder));
        }
    }
    const taken = new Set<string>(Object.values(ownFiles).map(foldCase));
    const paths = new Map<string, string>();
    for (const name of sorted) {
        const local = wanted.get(name);
        const isFree =
            local !== undefined &&
            !taken.has(foldCase(local)) &&
            !folders.has(foldCase(local)) &&
            !foldersOf(local).some((folder) => isReserved(foldCase(folder)));
        const path = isFree ? local : renamedPath(name);
        taken.add(foldCase(path));
        paths.set(name, path);
    }
    return paths;
}

/**
 * True for names that objects cannot use as folders: the names of the waiter's own files, and the name of the folder
 * for renamed objects.
 */
function isReserved(folder: string): boolean {
    return [renamedFolder, ...Object.values(ownFiles)].map(foldCase).includes(folder);
}

/** True if a path is valid on Linux, macOS and Windows, and stays below the folder to which it is joined. */
function isPortable(path: string): boolean {
    return path.length <= 700 && path.split("/").every(isPortablePart);
}

/** https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file has the strictest rules. */
function isPortablePart(part: string): boolean {
    const hasControl = [...part].some((character) => character < " " || (character >= "\x7f" && character <= "\x9f"));
    return (
        part !== "" &&
        !hasControl &&
        !/[\\:*?"<>|]/.test(part) &&
        // Also covers "." and "..".
        !/[. ]$/.test(part) &&
        !/^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i.test(part) &&
        Buffer.byteLength(part) <= 255 &&
        !/\p{Surrogate}/u.test(part)
    );
}

function foldersOf(path: string): string[] {
    const parts = path.split("/");
    return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join("/"));
}

/** A key that is the same for names that a case-insensitive or normalising file system may treat as equal. */
function foldCase(path: string): string {
    return path.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}

function renamedPath(name: string): string {
    const { createHash } = require("node:crypto") as typeof import("node:crypto");
    const hash = createHash("sha256").update(name).digest("hex").slice(0, 16);
    const end = name
        .slice(-60)
        .replace(/[^A-Za-z0-9._-]+/g, "_")
        .replace(/^[._-]+|[._-]+$/g, "");
    return `${renamedFolder}/${hash}${end === "" ? "" : `-${end}`}`;
}
