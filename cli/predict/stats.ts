import { type BigIntStats, statSync } from "node:fs";
import path from "node:path";
import { UsageError } from "../shared/usage-error";

/** Maximum number of characters of a path that a message shows. */
const MAX_SHOWN = 200;

/**
 * Describes a file or folder; undefined if it does not exist.
 *
 * @param what its name in messages, such as "input"
 * @throws UsageError when it cannot be looked up, for example because its name is too long
 */
export function statsOf(what: string, name: string, folder: string): BigIntStats | undefined {
    try {
        return statSync(path.resolve(folder, name), { throwIfNoEntry: false, bigint: true });
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // A part of the path is a file.
        if (code === "ENOTDIR") {
            return undefined;
        }
        const shown = name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}...` : name;
        throw new UsageError(`The ${what} ${shown} cannot be opened: ${REASONS[code ?? ""] ?? code}`);
    }
}

const REASONS: Readonly<Record<string, string>> = {
    EACCES: "you have no permission to read a folder in its path",
    ELOOP: "its symbolic links form a loop",
    ENAMETOOLONG: "its path, or a name in it, is longer than the system allows",
    ERR_INVALID_ARG_VALUE: "its path contains a NUL character",
};
