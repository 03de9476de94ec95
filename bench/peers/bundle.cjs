// @ts-check
// Bundles each contender written in TypeScript into one file, in the same way as the trainer. Worker threads run the
// same file as the thread that starts them, so that file must be JavaScript. Usage: `node bundle.cjs FOLDER`.
const { join } = require("node:path");
const { createRequire } = require("node:module");

// Use the trainer's own bundler and libraries.
const trainer = join(__dirname, "../../trainer");
/** @type {typeof import("../../trainer/node_modules/esbuild")} */
const { buildSync } = createRequire(join(trainer, "package.json"))("esbuild");

buildSync({
    entryPoints: ["fit-ours.ts", "fit-ml-cart.ts", "accuracy-ours.ts", "learners-ours.ts"].map((file) =>
        join(__dirname, file),
    ),
    outdir: process.argv[2] ?? join(__dirname, "../../.bench/bundles"),
    outExtension: { ".js": ".cjs" },
    nodePaths: [join(trainer, "node_modules")],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    logLevel: "warning",
});
