// @ts-check
// Loads TypeScript like `ts-node/register/transpile-only`, and caches what ts-node emits. Tests start dozens of
// programs, and compiling one takes longer than most of them run.

const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const path = require("node:path");

const NODE_MODULES = path.join(__dirname, "../../node_modules");
const CACHE = path.join(NODE_MODULES, ".cache/gcp-trainer-tests");

/** @type {import("ts-node").Service | undefined} */
let compiler;

/** Everything except the source that determines what ts-node emits. */
const settings = ["ts-node/package.json", "typescript/package.json", "../tsconfig.json"]
    .map((name) => readFileSync(path.join(NODE_MODULES, name)))
    .join();

/** @param {string} source @param {string} file */
function compile(source, file) {
    compiler ??= require("ts-node").create({ transpileOnly: true });
    // The source map contains the file's path, but the cache also serves copies of the file.
    return compiler.compile(source, file).replace(/\/\/# sourceMappingURL=.*\s*$/, "");
}

require.extensions[".ts"] = (/** @type {any} */ module, /** @type {string} */ file) => {
    const source = readFileSync(file, "utf8");
    const entry = path.join(CACHE, `${createHash("sha256").update(settings).update(source).digest("hex")}.js`);
    let code;
    try {
        code = readFileSync(entry, "utf8");
    } catch {
        code = compile(source, file);
        mkdirSync(CACHE, { recursive: true });
        // Another process may be writing the same entry.
        const draft = `${entry}.${process.pid}`;
        writeFileSync(draft, code);
        renameSync(draft, entry);
    }
    module._compile(code, file);
};
