import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { NOT_IN_CHECKOUT } from "./checkout";

const ROOT = path.resolve(__dirname, "..", "..");

/** Files with matching names in a fresh checkout, relative to the project folder. */
export function filesNamed(pattern: RegExp, folder = ""): string[] {
    return readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
        const file = path.posix.join(folder, entry.name);
        if (NOT_IN_CHECKOUT.includes(entry.name)) {
            return [];
        }
        if (entry.isDirectory()) {
            return filesNamed(pattern, file);
        }
        return entry.isFile() && pattern.test(entry.name) ? [file] : [];
    });
}

/** The text of a project file. */
export function textOf(file: string): string {
    return readFileSync(path.join(ROOT, file), "utf8");
}

/** Number of lines in a file, not counting trailing blank lines. */
export function lineCount(file: string): number {
    return textOf(file).trimEnd().split("\n").length;
}
