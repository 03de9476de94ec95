import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { create, type Service } from "ts-node";

const ROOT = path.resolve(__dirname, "../..");
const FILES = ["index.ts", "run/wait.ts", "run/training-run-provider.ts", "run/cached-resource.ts"].map((name) =>
    path.join(ROOT, name),
);

let cache: string;
let uncached: Service;
beforeAll(() => {
    cache = mkdtempSync(path.join(tmpdir(), "cached-transpiler-"));
    uncached = create({ cwd: ROOT, project: "tsconfig.json", transpileOnly: true });
});
afterAll(() => rmSync(cache, { recursive: true }));

/** The compiler of a new process. */
function compiler(folder: string = cache): Service {
    const transpiler: [string, object] = ["./infra/cached-transpiler.cjs", { cache: folder }];
    return create({ cwd: ROOT, project: "tsconfig.pulumi.json", transpileOnly: true, transpiler });
}

const compileAll = ({ compile }: Service) => FILES.map((file) => compile(readFileSync(file, "utf8"), file));

describe("the compiler for pulumi up", () => {
    it("emits what ts-node emits, including the source maps, before and after it has filled its cache", () => {
        const expected = compileAll(uncached);

        expect(compileAll(compiler())).toEqual(expected);
        expect(readdirSync(cache)).toHaveLength(FILES.length);
        expect(compileAll(compiler())).toEqual(expected);
    });

    it("compiles a source again if its entry is incomplete", () => {
        const expected = compileAll(uncached);
        compileAll(compiler());
        for (const name of readdirSync(cache)) {
            writeFileSync(path.join(cache, name), '{"outputText":"const a');
        }

        expect(compileAll(compiler())).toEqual(expected);
    });

    it("works if its cache cannot be written", () => {
        expect(compileAll(compiler(path.join(__filename, "cache")))).toEqual(compileAll(uncached));
    });

    it("reports a syntax error every time", () => {
        const compile = () => compiler().compile("const = 1;\n", path.join(ROOT, "index.ts"));

        expect(compile).toThrow(/index\.ts.*Variable declaration expected/s);
        expect(compile).toThrow(/index\.ts.*Variable declaration expected/s);
    });
});
