import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const ROOT = path.join(__dirname, "..");
const SKIPPED = ["node_modules", "dist", ".git", ".venv", ".emulator", ".bench", ".build-context", "models"];

/** Which folders (or files) of the project the files of a folder may import, beside their own. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
    "index.ts": ["infra"],
    infra: ["run"],
    // Pulumi serialises it to text that runs elsewhere: what is not in there, the text does not have.
    run: [],
    emulator: ["tests", "infra", "cli", "trainer"],
    "emulator/src": [],
    trainer: ["tests", "emulator", "cli"],
    "trainer/src": ["trainer/lib", "trainer/package.json"],
    "trainer/lib": ["trainer/src", "trainer/package.json"],
    "trainer/lib/model": [],
    boot: [],
    cli: ["index.ts", "infra", "run", "emulator", "trainer/lib/model"],
    tests: ["index.ts", "infra", "run", "emulator", "cli", "trainer", "boot", "bench", "tests"],
    bench: ["infra", "run", "emulator", "cli", "trainer"],
};

interface Import {
    file: string;
    /** What is imported, relative to the project folder; it may lack the ending. */
    target: string;
}

function sourceFiles(folder = ""): string[] {
    return readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
        const file = path.posix.join(folder, entry.name);
        if (entry.isDirectory()) {
            return SKIPPED.includes(entry.name) ? [] : sourceFiles(file);
        }
        return /\.(ts|tsx|js|cjs|mjs)$/.test(entry.name) ? [file] : [];
    });
}

/** Imports of the project's own files: `import`, `export from`, `require` and `import()`. */
function importsOf(file: string): Import[] {
    const text = readFileSync(path.join(ROOT, file), "utf8");
    return ts
        .preProcessFile(text, true, true)
        .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
        .map(({ fileName }) => ({ file, target: path.posix.join(path.posix.dirname(file), fileName) }));
}

function isWithin(target: string, place: string): boolean {
    return target === place || target === place.replace(/\.ts$/, "") || target.startsWith(`${place}/`);
}

const imports = sourceFiles().flatMap(importsOf);

describe("imports point one way:", () => {
    it.each(Object.entries(ALLOWED))("%s imports its own files and those of %j", (place, allowed) => {
        const wrong = imports
            .filter(({ file }) => isWithin(file, place))
            .filter(({ target }) => ![place, ...allowed].some((other) => isWithin(target, other)));

        expect(wrong).toEqual([]);
    });

    it("every source file that imports another is in a folder with a rule", () => {
        const places = Object.keys(ALLOWED);
        const ruleless = imports.filter(({ file }) => !places.some((place) => isWithin(file, place)));

        expect(ruleless).toEqual([]);
    });

    it("the imports are found: index.ts has two", () => {
        expect(imports.filter(({ file }) => file === "index.ts").map(({ target }) => target)).toEqual([
            "infra/config",
            "infra/training-job",
        ]);
    });
});

describe("the program that Pulumi runs", () => {
    // Pulumi's ts-node does not compile what `import()` brings.
    it("imports none of its files by import()", () => {
        const files = sourceFiles().filter((file) => file === "index.ts" || /^(infra|run)\//.test(file));
        const dynamic = files.filter((file) =>
            /\bimport\(\s*["'`]\./.test(readFileSync(path.join(ROOT, file), "utf8")),
        );

        expect(dynamic).toEqual([]);
    });

    it("is a table of contents of 60 lines at most", () => {
        const text = readFileSync(path.join(ROOT, "index.ts"), "utf8");

        expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
    });
});
