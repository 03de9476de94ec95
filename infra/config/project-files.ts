import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

/** The state of a path on this machine. */
export type FileState = "file" | "empty file" | "folder" | "missing" | "unreadable";

/** The file system to which the config refers; tests pass a table instead. */
export interface ProjectFiles {
    state(file: string): FileState;
}

/** The files on this machine. Relative paths start at `root`, as they do in Pulumi. */
export function filesOf(root: string): ProjectFiles {
    return { state: (file) => stateOf(path.resolve(root, file)) };
}

function stateOf(file: string): FileState {
    try {
        const stats = statSync(file, { throwIfNoEntry: false });
        if (!stats) {
            return "missing";
        }
        if (stats.isDirectory()) {
            return "folder";
        }
        accessSync(file, constants.R_OK);
        return stats.size === 0 ? "empty file" : "file";
    } catch {
        // This also covers a name that is too long or contains a NUL character, and a folder without search permission.
        return "unreadable";
    }
}
