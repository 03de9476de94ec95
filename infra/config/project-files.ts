import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

/** What there is at a path of this machine. */
export type FileState = "file" | "empty file" | "folder" | "missing" | "unreadable";

/** The part of the file system that the config refers to; a table in tests. */
export interface ProjectFiles {
    state(file: string): FileState;
}

/** The files of a folder; relative paths begin there, as Pulumi's own do. */
export function filesOf(root: string): ProjectFiles {
    return { state: (file) => stateOf(path.resolve(root, file)) };
}

function stateOf(file: string): FileState {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (!stats) {
        return "missing";
    }
    if (stats.isDirectory()) {
        return "folder";
    }
    try {
        accessSync(file, constants.R_OK);
    } catch {
        return "unreadable";
    }
    return stats.size === 0 ? "empty file" : "file";
}
