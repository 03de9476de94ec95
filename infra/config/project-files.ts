import { accessSync, constants, mkdtempSync, readFileSync, rmdirSync, statSync } from "node:fs";
import path from "node:path";
import { datasetPaths } from "../dataset";

const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** The state of a path on this machine. */
export type FileState = "file" | "empty file" | "folder" | "missing" | "unreadable";

/** The file system to which the config refers; tests pass a table instead. */
export interface ProjectFiles {
    state(file: string): FileState;
    /** The reason why a folder can be neither written to nor created. */
    folderProblem?(folder: string): string | undefined;
    /** The content of a small file; undefined if it is larger than 16 MiB. */
    text?(file: string): string | undefined;
    /** The files of a dataset: see `datasetPaths`. */
    dataset?(file: string): readonly string[];
    /** True for the built-in trainer's folder, as opposed to that of the user's own trainer. */
    hasBuiltInTrainer(folder: string): boolean;
}

/** The name in the built-in trainer's package.json, both in a checkout and in the published package. */
const BUILT_IN_TRAINER = "gcp-trainer-decision-tree";

/** The files on this machine. Relative paths are resolved against `root`, as in Pulumi. */
export function filesOf(root: string): ProjectFiles {
    return {
        state: (file) => stateOf(path.resolve(root, file)),
        text: (file) => {
            const absolute = path.resolve(root, file);
            return statSync(absolute).size > MAX_TEXT_BYTES ? undefined : readFileSync(absolute, "utf8");
        },
        dataset: (file) => datasetPaths(path.resolve(root, file)),
        folderProblem: (folder) => folderProblem(path.resolve(root, folder)),
        hasBuiltInTrainer: (folder) => nameIn(path.resolve(root, folder, "package.json")) === BUILT_IN_TRAINER,
    };
}

/** The name in a package.json; undefined if the file is missing or cannot be read. */
function nameIn(manifest: string): unknown {
    try {
        return (JSON.parse(readFileSync(manifest, "utf8")) as { name?: unknown } | null)?.name;
    } catch {
        return undefined;
    }
}

/**
 * Tests a folder, or the nearest parent that exists, by creating and removing a folder in it, because permissions are
 * not conclusive: the file system may be read-only, or the folder immutable.
 */
function folderProblem(folder: string): string | undefined {
    const state = stateOf(folder);
    if (state === "missing" && path.dirname(folder) !== folder) {
        return folderProblem(path.dirname(folder));
    }
    if (state !== "folder") {
        return `${folder} is ${state === "missing" ? "missing" : "a file"}`;
    }
    try {
        rmdirSync(mkdtempSync(path.join(folder, ".gcp-trainer-")));
        return undefined;
    } catch (error) {
        return `files cannot be created in ${folder} (${(error as NodeJS.ErrnoException).code})`;
    }
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
