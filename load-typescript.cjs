// @ts-check
// Loads TypeScript for the scripts in package.json like `ts-node/register/transpile-only`, and keeps what ts-node
// emits, because compiling a command takes longer than running most of them. Stack traces refer to the TypeScript code
// with `node --enable-source-maps`.

const { existsSync, readFileSync } = require("node:fs");
const path = require("node:path");

const missing = ["@pulumi/pulumi", "ts-node", "typescript"].filter(
    (name) => !existsSync(path.join(__dirname, "node_modules", name, "package.json")),
);
if (missing.length > 0) {
    const must = "node_modules must contain the packages that run the commands, including those for development";
    console.error(`error: ${must}; got no ${missing.join(", no ")} (npm ci --include=dev)`);
    process.exit(1);
}

const { cached } = require("./infra/cached-transpiler.cjs");

const MAP = "//# sourceMappingURL=data:application/json;charset=utf-8;base64,";

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

/** @param {string} source @param {string} file */
function compile(source, file) {
    compiler ??= require("ts-node").create({ transpileOnly: true, cwd: __dirname });
    const [code = "", map = ""] = compiler.compile(source, file).split(MAP);
    // The cache also serves copies of the file, so the map must not contain its folder.
    const { mappings, names } = JSON.parse(Buffer.from(map, "base64").toString());
    const relative = JSON.stringify({ version: 3, sources: [path.basename(file)], names, mappings });
    return { outputText: `${code}${MAP}${Buffer.from(relative).toString("base64")}\n` };
}

require.extensions[".ts"] = (/** @type {any} */ module, /** @type {string} */ file) => {
    const source = readFileSync(file, "utf8");
    const key = [settings, path.basename(file), source];
    module._compile(cached(key, () => compile(source, file)).outputText, file);
};
