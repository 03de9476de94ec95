// @ts-check
// Bundles the trainer into one file, train.cjs, and collects the licenses of the packages in it.
// Usage: node build.cjs [FOLDER]. The output goes to dist/. If FOLDER is given, the output goes there and all files get
// timestamps from 1970, because the folder is copied into an image.
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
    // This package is optional, and `debug` would search every parent folder for it. It is excluded because what the
    // bundle does must not depend on where it is.
    external: ["supports-color"],
    alias: { url: "./shims/url.cjs", "whatwg-url": "./shims/whatwg-url.cjs" },
    metafile: true,
    logLevel: "warning",
});

const inputs = Object.keys(metafile.inputs);
const foreign = inputs.filter((file) => file.startsWith(".."));
if (foreign.length > 0) {
    throw new Error(`The bundle must not contain files from outside the trainer's folder; got ${foreign.join(", ")}`);
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

/** @param {string} path folder of the package */
function describeLicense(path) {
    const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
    const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? "" : readFileSync(join(path, file), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}`.trim();
}
