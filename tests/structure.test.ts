import path from "node:path";
import ts from "typescript";

import LongFirst = require("./helpers/long-first.js");

import { importCycles } from "./helpers/import-cycles";
import { tableRows } from "./helpers/markdown";
import { filesNamed, lineCount, textOf } from "./helpers/source-files";

/** The project's folders or files that the files in a folder may import in addition to those in their own folder. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
    "index.ts": ["infra"],
    "main.cjs": ["index.ts", "load-typescript.cjs"],
    "load-typescript.cjs": [],
    // Only infra/config, which the package omits, may import the trainer: see below.
    infra: ["run", "trainer/lib"],
    // Pulumi serialises this folder to text that runs elsewhere and cannot contain anything from outside it.
    run: [],
    emulator: [],
    "emulator/src": [],
    "trainer/test": ["trainer/lib", "trainer/src", "emulator/src/testing.ts", "emulator/src/faults", "tests/helpers"],
    "trainer/src": ["trainer/lib", "trainer/package.json"],
    "trainer/lib": [],
    "trainer/lib/model": [],
    "trainer/lib/columns": ["trainer/lib/errors.ts"],
    "trainer/lib/csv": [
        "trainer/lib/columns",
        "trainer/lib/errors.ts",
        "trainer/lib/findings.ts",
        "trainer/lib/model",
        "trainer/lib/nearest.ts",
    ],
    "trainer/lib/check": [
        "trainer/lib/columns",
        "trainer/lib/csv",
        "trainer/lib/errors.ts",
        "trainer/lib/features",
        "trainer/lib/findings.ts",
        "trainer/lib/model",
        "trainer/lib/settings",
    ],
    "trainer/lib/settings": ["trainer/lib/csv", "trainer/lib/errors.ts", "trainer/lib/model", "trainer/lib/nearest.ts"],
    "trainer/lib/features": ["trainer/lib/columns", "trainer/lib/csv", "trainer/lib/findings.ts", "trainer/lib/model"],
    "trainer/lib/tree": ["trainer/lib/columns", "trainer/lib/model", "trainer/lib/random.ts"],
    "trainer/lib/onnx": ["trainer/lib/model"],
    "trainer/lib/report": ["trainer/lib/findings.ts", "trainer/lib/model"],
    boot: [],
    cli: [
        "index.ts",
        "infra",
        "run",
        "emulator",
        "trainer/lib/model",
        "trainer/lib/csv",
        "trainer/lib/errors.ts",
        "trainer/lib/nearest.ts",
    ],
    tests: ["index.ts", "load-typescript.cjs", "infra", "run", "emulator", "cli", "trainer", "boot", "bench", "tests"],
    bench: ["infra", "run", "emulator", "cli", "trainer"],
};

/**
 * The folders in `emulator/src`, lowest first, with the other folders that each may import, which must appear earlier
 * in this table. The files directly in `emulator/src` are entry points, which may import every folder, and which no
 * folder may import.
 */
const EMULATOR_ROOMS: Readonly<Record<string, readonly string[]>> = {
    faults: [],
    http: [],
    org: ["http"],
    "service.ts": ["faults", "org"],
    store: [],
    iam: ["service.ts", "store", "http", "org"],
    projects: ["store", "http", "iam"],
    billing: ["http"],
    logging: ["store", "http", "iam"],
    storage: ["service.ts", "store", "http", "iam", "org", "projects"],
    registry: ["service.ts", "store", "http", "iam", "org", "projects"],
    secrets: ["service.ts", "store", "http", "iam", "org", "projects"],
    pubsub: ["service.ts", "store", "http", "iam", "org", "projects"],
    vm: ["service.ts", "faults", "store", "http", "iam"],
    compute: ["service.ts", "faults", "store", "http", "iam", "org", "projects", "vm"],
    batch: ["service.ts", "faults", "store", "http", "iam", "projects", "logging", "vm", "compute"],
    console: ["service.ts", "http", "iam", "storage", "registry", "secrets", "compute", "batch"],
    "services.ts": [
        "faults",
        "service.ts",
        "store",
        "http",
        "iam",
        "org",
        "projects",
        "billing",
        "logging",
        "storage",
        "registry",
        "secrets",
        "pubsub",
        "compute",
        "batch",
        "console",
    ],
};

interface Import {
    file: string;
    /** The imported file, relative to the project folder. The extension may be missing. */
    target: string;
}

const sources = filesNamed(/\.(ts|tsx|js|cjs|mjs)$/);

/** Lists the files in the project that a file imports: `import`, `export from`, `require` and `import()`. */
function importsOf(file: string): Import[] {
    return ts
        .preProcessFile(textOf(file), true, true)
        .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
        .map(({ fileName }) => ({ file, target: path.posix.join(path.posix.dirname(file), fileName) }));
}

function isWithin(target: string, place: string): boolean {
    return target === place || target === place.replace(/\.ts$/, "") || target.startsWith(`${place}/`);
}

const imports = sources.flatMap(importsOf);

/** Resolves an import without an extension, as Node.js and TypeScript do. */
function fileOf(target: string): string | undefined {
    return [target, `${target}.ts`, `${target}.js`, `${target}/index.ts`, `${target}/index.js`].find((file) =>
        sources.includes(file),
    );
}

describe("imports point in one direction:", () => {
    it.each(Object.entries(ALLOWED))("%s imports only its own files and those in %j", (place, allowed) => {
        const wrong = imports
            .filter(({ file }) => isWithin(file, place))
            .filter(({ target }) => ![place, ...allowed].some((other) => isWithin(target, other)));

        expect(wrong).toEqual([]);
    });

    it.each([
        "init",
        "start",
        "deploy",
        "logs",
        "emulator",
        "runs",
        "residue",
        "results",
        "report",
        "predict",
        "shared",
    ])("cli/%s does not import another command", (folder) => {
        const allowed = [`cli/${folder}`, "cli/shared"];
        const wrong = imports
            .filter(({ file, target }) => isWithin(file, `cli/${folder}`) && isWithin(target, "cli"))
            .filter(({ target }) => !allowed.some((other) => isWithin(target, other)));

        expect(wrong).toEqual([]);
    });

    it("every source file that imports another is in a folder with a rule", () => {
        const places = Object.keys(ALLOWED);
        const ruleless = imports.filter(({ file }) => !places.some((place) => isWithin(file, place)));

        expect(ruleless).toEqual([]);
    });

    // The package omits `infra/config` and the trainer.
    it("infra does not import infra/config or the trainer, except in infra/config", () => {
        const wrong = imports
            .filter(({ file }) => isWithin(file, "infra") && !isWithin(file, "infra/config"))
            .filter(({ target }) => isWithin(target, "infra/config") || isWithin(target, "trainer"));

        expect(wrong).toEqual([]);
    });

    it("the test finds imports, such as the two in index.ts", () => {
        expect(imports.filter(({ file }) => file === "index.ts").map(({ target }) => target)).toEqual([
            "infra/config",
            "infra/training-job",
        ]);
    });
});

describe("the folders in emulator/src", () => {
    const roomOf = (target: string) => /^emulator\/src\/([^/]+)/.exec(target)?.[1] ?? "";
    const inRoom = (room: string) => imports.filter(({ file }) => isWithin(file, `emulator/src/${room}`));

    it.each(Object.entries(EMULATOR_ROOMS))(
        "include %s, which imports only its own files and those in %j",
        (room, allowed) => {
            const wrong = inRoom(room).filter(
                ({ target }) => ![room, ...allowed].some((other) => isWithin(target, `emulator/src/${other}`)),
            );

            expect(wrong).toEqual([]);
        },
    );

    it("may import only lower folders", () => {
        const rooms = Object.keys(EMULATOR_ROOMS);
        const upward = Object.entries(EMULATOR_ROOMS).flatMap(([room, allowed]) =>
            allowed.filter((other) => rooms.indexOf(other) >= rooms.indexOf(room)),
        );

        expect(upward).toEqual([]);
    });

    it("are all in the table", () => {
        const folders = sources.filter((file) => /^emulator\/src\/[^/]+\//.test(file)).map(roomOf);

        expect(Object.keys(EMULATOR_ROOMS)).toEqual(expect.arrayContaining([...new Set(folders)]));
    });
});

describe("the whole repository", () => {
    it("has no import cycles, including type imports", () => {
        const graph = new Map(
            sources.map((source) => {
                const targets = imports.filter(({ file }) => file === source).map(({ target }) => fileOf(target));
                return [source, targets.filter((target) => target !== undefined)];
            }),
        );

        expect(graph.get("index.ts")).toEqual(["infra/config/index.ts", "infra/training-job.ts"]);
        expect(importCycles(graph)).toEqual([]);
    });

    it.each([
        ["two files", { a: ["b"], b: ["a"] }, [["a", "b"]]],
        ["three files among others", { x: ["a"], a: ["b"], b: ["c", "y"], c: ["a"], y: [] }, [["a", "b", "c"]]],
        ["a file that imports itself", { a: ["a"] }, [["a"]]],
        ["two cycles that share a file", { a: ["b", "c"], b: ["a"], c: ["a"] }, [["a", "b", "c"]]],
        ["no cycle, but two paths to a file", { a: ["b", "c"], b: ["d"], c: ["d"], d: [] }, []],
    ])("has its cycles found correctly: %s", (_, graph: Record<string, string[]>, expected) => {
        expect(importCycles(new Map(Object.entries(graph)))).toEqual(expected);
    });
});

describe("CONTRIBUTING.md", () => {
    it("lists the folders and imports that this test allows", () => {
        const rows = tableRows("CONTRIBUTING.md", "folder").map(([folder = "", , imports = ""]) => [
            folder.replaceAll("`", ""),
            [...imports.matchAll(/`(?<name>[^`]+)`/g)].map((match) => match.groups?.name),
        ]);

        expect(rows).toEqual(Object.entries(ALLOWED));
    });
});

describe("the program that Pulumi runs", () => {
    const program = filesNamed(/\.(ts|sh|service)$/).filter((file) =>
        /^(index\.ts|infra\/(?!config\/).*|run\/layout\.ts|boot\/.*)$/.test(file),
    );

    // The loader does not compile the files that `import()` loads.
    it("imports none of its files with import()", () => {
        const files = sources.filter((file) => file === "index.ts" || /^(infra|run)\//.test(file));
        const dynamic = files.filter((file) => /\bimport\(\s*["'`]\./.test(textOf(file)));

        expect(dynamic).toEqual([]);
    });

    it("begins with an index.ts of at most 60 lines", () => {
        expect(lineCount("index.ts")).toBeLessThanOrEqual(60);
    });

    it("has at most 4,800 lines, including the run's layout but not the config checks", () => {
        const lines = program.map(lineCount).reduce((sum, count) => sum + count, 0);

        expect(program).toEqual(expect.arrayContaining(["index.ts", "infra/training-job.ts", "boot/boot.sh"]));
        expect(lines).toBeLessThanOrEqual(4800);
    });
});

describe("run/", () => {
    const isResource = (file: string) =>
        /^\s*export class \w+ extends (CachedResource|pulumi\.CustomResource)\b/m.test(textOf(file));
    const serialised = sources.filter((file) => file.startsWith("run/") && !isResource(file));
    const statements = serialised.flatMap((file) =>
        ts
            .createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true)
            .statements.map((node) => ({ file, node })),
    );
    const shown = ({ file, node }: { file: string; node: ts.Statement }) => `${file}: ${node.getText().split("\n")[0]}`;

    it("contains the files that these tests check", () => {
        expect(serialised).toEqual(expect.arrayContaining(["run/collect.ts", "run/training-run-provider.ts"]));
    });

    it("imports packages only as types, and requires them inside functions", () => {
        const packages = statements.filter(
            ({ node }) =>
                ts.isImportDeclaration(node) &&
                !node.importClause?.isTypeOnly &&
                !node.moduleSpecifier.getText().startsWith('".'),
        );

        expect(packages.map(shown)).toEqual([]);
    });

    it("has no class, and no Set, Map, Date or Buffer at module level", () => {
        const unfit = statements.filter(
            ({ node }) =>
                ts.isClassDeclaration(node) ||
                (ts.isVariableStatement(node) &&
                    node.declarationList.declarations.some(
                        ({ initializer }) => initializer && makesObject(initializer),
                    )),
        );

        expect(unfit.map(shown)).toEqual([]);
    });
});

/** True if evaluating an expression constructs an object or a Buffer outside the functions that it contains. */
function makesObject(node: ts.Node): boolean {
    if (ts.isFunctionLike(node)) {
        return false;
    }
    return (
        ts.isNewExpression(node) ||
        (ts.isIdentifier(node) && node.text === "Buffer") ||
        (ts.forEachChild(node, (child) => makesObject(child) || undefined) ?? false)
    );
}

describe("source files", () => {
    it("have at most 400 lines", () => {
        expect([...sources, ...filesNamed(/\.sh$/)].filter((file) => lineCount(file) > 400)).toEqual([]);
    });

    it("are in the folders that jest searches if they contain tests", () => {
        const tests = sources.filter((file) => file.endsWith(".test.ts"));

        expect(tests.filter((file) => !/^(tests|emulator\/test|trainer\/test)\//.test(file))).toEqual([]);
    });

    it("exist if the jest sequencer names them", () => {
        expect(LongFirst.LONG.filter((file) => !sources.includes(file))).toEqual([]);
    });

    it("never retry a test", () => {
        const retrying = sources.filter(
            (file) => file !== "tests/structure.test.ts" && /\bretryTimes\b/.test(textOf(file)),
        );

        expect(retrying).toEqual([]);
    });
});

describe("signals", () => {
    // A signal to a pid that is 0, negative or reused would reach other processes.
    it("are sent by only one module of the emulator", () => {
        const senders = sources.filter((file) => /\bprocess\.kill\(/.test(textOf(file)));

        expect(senders).toEqual(["emulator/src/vm/process/shims/signals.js"]);
    });
});
