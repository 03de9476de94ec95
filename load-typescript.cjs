// @ts-check
// Loads TypeScript for Pulumi and for the scripts in package.json like `ts-node/register/transpile-only`, and keeps
// what ts-node emits in node_modules/.cache, because compiling a command usually takes longer than running it.

const { createHash } = require("node:crypto");
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const nodeModule = require("node:module");
const path = require("node:path");

const missing = ["@pulumi/pulumi", "ts-node", "typescript"].filter(
    (name) => !existsSync(path.join(__dirname, "node_modules", name, "package.json")),
);
if (missing.length > 0) {
    const must = "node_modules must contain the packages that the commands need, including development dependencies";
    console.error(`error: ${must}; got no ${missing.join(", no ")} (npm ci --include=dev)`);
    process.exit(1);
}

// Stack traces refer to the TypeScript code in Node.js 22.14 and newer, or with `node --enable-source-maps`.
const { setSourceMapsSupport } = /** @type {any} */ (nodeModule);
setSourceMapsSupport?.(true);

const MAP = "//# sourceMappingURL=data:application/json;charset=utf-8;base64,";
const CACHE = path.join(__dirname, "node_modules/.cache/gcp-trainer/compiled");

/** @type {import("ts-node").Service | undefined} */
let compiler;

/** Everything except the source that determines what ts-node emits. */
const settings = [
    "node_modules/ts-node/package.json",
    "node_modules/typescript/package.json",
    "tsconfig.json",
    path.basename(__filename),
]
    .map((name) => readFileSync(path.join(__dirname, name)))
    .join();

/**
 * Compiles a source file, unless the result is in the cache.
 * @param {string} source
 * @param {string} file
 * @param {string} [cache] folder of the cache
 * @returns {string}
 */
exports.emit = (source, file, cache = CACHE) => {
    const key = JSON.stringify([settings, path.basename(file), source]);
    const entry = path.join(cache, `${createHash("sha256").update(key).digest("hex")}.js`);
    const known = read(entry);
    if (known?.includes(MAP) && known.endsWith("\n")) {
        return known;
    }
    const code = compile(source, file);
    write(entry, code);
    return code;
};

/** @param {string} source @param {string} file */
function compile(source, file) {
    if (compiler === undefined && process.stderr.isTTY) {
        console.error("Compiling the program; the next command will start faster ...");
    }
    compiler ??= require("ts-node").create({ transpileOnly: true, cwd: __dirname });
    const [code = "", map = ""] = compiler.compile(source, file).split(MAP);
    // The cache also serves copies of the file, so the map must not contain its folder.
    const { mappings, names } = JSON.parse(Buffer.from(map, "base64").toString());
    const relative = JSON.stringify({ version: 3, sources: [path.basename(file)], names, mappings });
    return `${code}${MAP}${Buffer.from(relative).toString("base64")}\n`;
}

/** @param {string} entry */
function read(entry) {
    try {
        return readFileSync(entry, "utf8");
    } catch {
        return undefined;
    }
}

/** @param {string} entry @param {string} code */
function write(entry, code) {
    try {
        mkdirSync(path.dirname(entry), { recursive: true });
        // Another command may be writing the same entry.
        const draft = `${entry}.${process.pid}`;
        writeFileSync(draft, code);
        renameSync(draft, entry);
    } catch {
        // The next command compiles the file again.
    }
}

require.extensions[".ts"] = (/** @type {any} */ module, /** @type {string} */ file) => {
    module._compile(exports.emit(readFileSync(file, "utf8"), file), file);
};
