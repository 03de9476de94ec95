// @ts-check
// ts-node's compiler for `pulumi up`, as specified in tsconfig.pulumi.json. It emits the same code as ts-node
// itself, but compiles a source file only once, because compilation takes longer than the rest of an update without
// changes. The loader for the scripts in package.json uses the same cache.

const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const path = require("node:path");

const packages = path.join(path.dirname(require.resolve("@pulumi/pulumi/package.json")), "../..");
const CACHE = path.join(packages, ".cache/gcp-trainer/compiled");

/** @param {import("ts-node").CreateTranspilerOptions & { cache?: string }} options @returns {import("ts-node").Transpiler} */
exports.create = ({ service: { config }, cache }) => {
    const ts = require("typescript");
    const settings = JSON.stringify([ts.version, config.options]);

    return {
        transpile(source, { fileName }) {
            const compile = () =>
                ts.transpileModule(source, { fileName, compilerOptions: config.options, reportDiagnostics: true });
            return exports.cached([settings, source], compile, cache);
        },
    };
};

/**
 * The entry of the cache for a key, or else the result of `compile`, which is kept if it has no diagnostics.
 * @param {string[]} key everything that determines the result
 * @param {() => import("typescript").TranspileOutput} compile
 * @param {string} [cache] folder of the cache
 * @returns {import("typescript").TranspileOutput}
 */
exports.cached = (key, compile, cache = CACHE) => {
    const entry = path.join(cache, `${createHash("sha256").update(JSON.stringify(key)).digest("hex")}.json`);
    const known = read(entry);
    if (known !== undefined) {
        return known;
    }
    const compiled = compile();
    if (!compiled.diagnostics?.length) {
        write(entry, compiled);
    }
    return compiled;
};

/** @param {string} entry @returns {import("typescript").TranspileOutput | undefined} */
function read(entry) {
    try {
        return JSON.parse(readFileSync(entry, "utf8"));
    } catch {
        return undefined;
    }
}

/** @param {string} entry @param {import("typescript").TranspileOutput} compiled */
function write(entry, { outputText, sourceMapText }) {
    try {
        mkdirSync(path.dirname(entry), { recursive: true });
        // Another command may be writing the same entry.
        const draft = `${entry}.${process.pid}`;
        writeFileSync(draft, JSON.stringify({ outputText, sourceMapText }));
        renameSync(draft, entry);
    } catch {
        // The next command compiles the file again.
    }
}
