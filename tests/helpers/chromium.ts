import { accessSync, constants } from "node:fs";
import path from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Finds Chromium in PATH, preferring Debian's. Returns undefined if none is installed. */
export function findChromium(): string | undefined {
    const folders = (process.env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== "");
    return NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => {
        try {
            accessSync(file, constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });
}

/** `describe` for tests in a real browser. Without one, they are skipped, with the reason in the title. */
export function describeWithChromium(title: string, tests: (executablePath: string) => void): void {
    const executablePath = findChromium();
    if (executablePath === undefined) {
        describe.skip(`${title} [skipped: Chromium is not in PATH (apt-get install chromium)]`, () => tests(""));
    } else {
        describe(title, () => tests(executablePath));
    }
}
