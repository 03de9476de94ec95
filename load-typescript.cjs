// @ts-check
// Loads TypeScript for the scripts in package.json like `ts-node/register/transpile-only`, and keeps what ts-node emits
// in node_modules/.cache, because compiling a command takes longer than most commands run. Stack traces refer to the
// TypeScript code with `node --enable-source-maps`.

const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const path = require("node:path");

const NODE_MODULES = path.join(__dirname, "node_modules");
const CACHE = path.join(NODE_MODULES, ".cache/gcp-trainer/typescript");

const MAP = "//# sourceMappingURL=data:application/json;charset=utf-8;base64,";

/** @type {import("ts-node").Service | undefined} */
let compiler;

/** Everything except the source that determines what ts-node emits. */
const settings = [
    "ts-node/package.json",
    "typescript/package.json",
    "../tsconfig.json",
    `../${path.basename(__filename)}`,
]
    .map((name) => readFileSync(path.join(NODE_MODULES, name)))
    .join();

/** @param {string} source @param {string} file */
function compile(source, file) {
    compiler ??= require("ts-node").create({ transpileOnly: true, cwd: __dirname });
    const [code = "", map = ""] = compiler.compile(source, file).split(MAP);
    // The cache also serves copies of the file, so the map must not contain its folder.
    const { mappings, names } = JSON.parse(Buffer.from(map, "base64").toString());
    const relative = JSON.stringify({ version: 3, sources: [path.basename(file)], names, mappings });
    return `${code}${MAP}${Buffer.from(relative).toString("base64")}\n`;
}

require.extensions[".ts"] = (/** @type {any} */ module, /** @type {string} */ file) => {
    const source = readFileSync(file, "utf8");
    const hash = createHash("sha256").update(settings).update(path.basename(file)).update(source);
    const entry = path.join(CACHE, `${hash.digest("hex")}.js`);
    let code;
    try {
        code = readFileSync(entry, "utf8");
    } catch {
        code = compile(source, file);
        keep(entry, code);
    }
    module._compile(code, file);
};

/** @param {string} entry @param {string} code */
function keep(entry, code) {
    try {
        mkdirSync(CACHE, { recursive: true });
        // Another process may be writing the same entry.
        const draft = `${entry}.${process.pid}`;
        writeFileSync(draft, code);
        renameSync(draft, entry);
    } catch {
        // The next command compiles the file again.
    }
}
