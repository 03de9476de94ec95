import { accessSync, constants } from "node:fs";
import path from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Debian's Chromium, or another on the PATH; undefined where there is none. */
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

/** `describe` for tests in a real browser; without one they are skipped and the title says why. */
export function describeWithChromium(title: string, tests: (executablePath: string) => void): void {
    const executablePath = findChromium();
    if (executablePath === undefined) {
        describe.skip(`${title} [skipped: no Chromium on the PATH (apt-get install chromium)]`, () => tests(""));
    } else {
        describe(title, () => tests(executablePath));
    }
}
