// @ts-check
// ts-node's compiler for `pulumi up`, as specified in tsconfig.pulumi.json. It emits what ts-node itself would emit, but compiles a source only once, because compiling the program takes longer than everything else that it does if nothing has changed.

const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const path = require("node:path");
const ts = require("typescript");

const packages = path.join(path.dirname(require.resolve("@pulumi/pulumi/package.json")), "../..");

/** @param {import("ts-node").CreateTranspilerOptions & { cache?: string }} options @returns {import("ts-node").Transpiler} */
exports.create = ({ service: { config }, cache = path.join(packages, ".cache/gcp-trainer/compiled") }) => {
    const settings = JSON.stringify([ts.version, config.options]);

    return {
        transpile(source, { fileName }) {
            const entry = path.join(
                cache,
                `${createHash("sha256").update(settings).update(source).digest("hex")}.json`,
            );
            const cached = read(entry);
            if (cached !== undefined) {
                return cached;
            }
            const compiled = ts.transpileModule(source, {
                fileName,
                compilerOptions: config.options,
                reportDiagnostics: true,
            });
            if (compiled.diagnostics?.length === 0) {
                write(entry, compiled);
            }
            return compiled;
        },
    };
};

/** @param {string} entry @returns {import("ts-node").TranspileOutput | undefined} */
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
