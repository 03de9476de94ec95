import { readFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(__dirname, "..", "..");

/** Names of generated, downloaded or leftover files and folders, which a fresh checkout lacks. */
export const NOT_IN_CHECKOUT: readonly string[] = [
    ".git",
    ...readFileSync(path.join(ROOT, ".gitignore"), "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => path.basename(line)),
];
