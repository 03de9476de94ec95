// @ts-check
// Bundles the trainer into one file, train.cjs, and collects the licenses of what is in it.
// node build.cjs [folder]: into dist/, or into a folder of an image, where everything then is dated 1970.
const { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { buildSync } = require("esbuild");

const imageFolder = process.argv[2];
const folder = imageFolder ?? join(__dirname, "dist");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const { metafile } = buildSync({
    absWorkingDir: __dirname,
    entryPoints: ["src/main.ts"],
    outfile: join(folder, "train.cjs"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    legalComments: "none",
    // Optional, and looked for by `debug` in every folder above: the bundle must not depend on where it is built.
    external: ["supports-color"],
    metafile: true,
    logLevel: "warning",
});

const inputs = Object.keys(metafile.inputs);
const foreign = inputs.filter((file) => file.startsWith(".."));
if (foreign.length > 0) {
    throw new Error(`The bundle would hold files from outside of the trainer's folder: ${foreign.join(", ")}`);
}

const packages = new Set(
    inputs
        .map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1])
        .filter((found) => found !== undefined),
);
const licenses = [...packages].sort().map((name) => describeLicense(join(__dirname, name)));
const own = readFileSync(join(__dirname, "LICENSE"), "utf8").trim();
writeFileSync(join(folder, "LICENSE.txt"), `${[own, ...licenses].join(`\n\n${"-".repeat(80)}\n\n`)}\n`);

if (imageFolder !== undefined) {
    for (const path of ["train.cjs", "LICENSE.txt", ".", ".."]) {
        utimesSync(join(folder, path), 0, 0);
    }
}

/** @param {string} path the package's folder */
function describeLicense(path) {
    const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? "" : readFileSync(join(path, file), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}`.trim();
}
