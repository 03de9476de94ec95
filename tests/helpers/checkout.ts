import { readFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(__dirname, "..", "..");

/** Names of files and folders that a fresh checkout lacks: generated, downloaded, or left by the last runs. */
export const NOT_IN_CHECKOUT: readonly string[] = [
    ".git",
    ...readFileSync(path.join(ROOT, ".gitignore"), "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => path.basename(line)),
];
