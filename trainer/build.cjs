// @ts-check
// Bundles the trainer into one file, dist/train.cjs, and collects the licenses of what is in it.
const { readdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { buildSync } = require("esbuild");

const dist = join(__dirname, "dist");
rmSync(dist, { recursive: true, force: true });

const { metafile } = buildSync({
    absWorkingDir: __dirname,
    entryPoints: ["src/main.ts"],
    outfile: "dist/train.cjs",
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
});

const packages = new Set(
    Object.keys(metafile.inputs)
        .map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1])
        .filter((folder) => folder !== undefined),
);
const licenses = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(__dirname, folder, "package.json"), "utf8"));
    const file = readdirSync(join(__dirname, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? "" : readFileSync(join(__dirname, folder, file), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}`.trim();
});
writeFileSync(join(dist, "LICENSES.txt"), `${licenses.join(`\n\n${"-".repeat(80)}\n\n`)}\n`);
