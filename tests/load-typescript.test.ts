import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { create } from "ts-node";

import loader = require("../load-typescript.cjs");

const ROOT = path.resolve(__dirname, "..");
const FILES = ["index.ts", "run/wait.ts", "run/training-run-provider.ts", "run/cached-resource.ts"].map((name) =>
    path.join(ROOT, name),
);

let cache: string;
let expected: object[];
beforeAll(() => {
    const { compile } = create({ cwd: ROOT, transpileOnly: true });
    expected = FILES.map((file) => withoutFolders(compile(readFileSync(file, "utf8"), file)));
});
beforeEach(() => {
    cache = mkdtempSync(path.join(tmpdir(), "load-typescript-"));
});
afterEach(() => rmSync(cache, { recursive: true }));

/** The code, and its source map with the folder removed from the paths. */
function withoutFolders(emitted: string): object {
    const [code, map = ""] = emitted.split("//# sourceMappingURL=data:application/json;charset=utf-8;base64,");
    const { mappings, names, sources } = JSON.parse(Buffer.from(map, "base64").toString());
    return { code, mappings, names, sources: sources.map((source: string) => path.basename(source)) };
}

function emitAll(folder: string = cache): object[] {
    return FILES.map((file) => withoutFolders(loader.emit(readFileSync(file, "utf8"), file, folder)));
}

describe("the loader", () => {
    it("emits what ts-node emits, including the source maps, before and after it has filled its cache", () => {
        expect(emitAll()).toEqual(expected);
        expect(readdirSync(cache)).toHaveLength(FILES.length);
        expect(emitAll()).toEqual(expected);
    });

    it("recompiles a source file if its cache entry is incomplete", () => {
        emitAll();
        for (const name of readdirSync(cache)) {
            writeFileSync(path.join(cache, name), "const a");
        }

        expect(emitAll()).toEqual(expected);
    });

    it("works if its cache cannot be written", () => {
        expect(emitAll(path.join(__filename, "cache"))).toEqual(expected);
    });

    it("reports a syntax error every time", () => {
        const emit = () => loader.emit("const = 1;\n", path.join(ROOT, "index.ts"), cache);

        expect(emit).toThrow(/index\.ts.*Variable declaration expected/s);
        expect(emit).toThrow(/index\.ts.*Variable declaration expected/s);
    });
});
