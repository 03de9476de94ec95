// @ts-check
// Compiles the package to dist/, and adds the files that it reads: the scripts for the VM, the emulator's file system,
// the built-in trainer, and the project template.
const { execFileSync } = require("node:child_process");
const { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const path = require("node:path");

process.chdir(__dirname);
rmSync("dist", { recursive: true, force: true });
const compiler = path.join(path.dirname(require.resolve("typescript/package.json")), "bin", "tsc");
execFileSync(process.execPath, [compiler, "-p", "tsconfig.package.json"], { stdio: "inherit" });
chmodSync("dist/cli/gcp-trainer.js", 0o755);

for (const part of ["boot", "template", "Pulumi.local.yaml", "emulator/src/vm/systemd/root"]) {
    cpSync(part, path.join("dist", part), { recursive: true });
}
cpSync("data/iris.csv", "dist/template/data/iris.csv");
buildTrainer("dist/built-in-trainer");

/**
 * Creates a build context for the built-in trainer that contains only its bundle, so that neither its sources nor npm
 * are needed to build the image.
 * @param {string} folder
 */
function buildTrainer(folder) {
    mkdirSync(folder, { recursive: true });
    for (const name of ["train.cjs", "LICENSE.txt"]) {
        cpSync(path.join("trainer/dist", name), path.join(folder, name));
    }
    const { name, version, license, engines } = JSON.parse(readFileSync("trainer/package.json", "utf8"));
    const manifest = { private: true, name, version, license, engines, scripts: { start: "node train.cjs" } };
    writeFileSync(path.join(folder, "package.json"), `${JSON.stringify(manifest, undefined, 4)}\n`);
    writeFileSync(path.join(folder, "Dockerfile"), bundleDockerfile(readFileSync("trainer/Dockerfile", "utf8")));
}

/**
 * Returns the last stage of the trainer's Dockerfile, with the bundle taken from the context instead of the build
 * stage.
 * @param {string} text
 */
function bundleDockerfile(text) {
    const base = /^ARG RUNTIME_IMAGE=.*$/m.exec(text)?.[0];
    const stage = /^FROM \$\{RUNTIME_IMAGE\}\n[\s\S]*/m.exec(text)?.[0];
    const copy = "COPY --from=build /image/ /\n";
    if (base === undefined || !stage?.includes(copy)) {
        throw new Error(`trainer/Dockerfile must have ARG RUNTIME_IMAGE, and ${copy.trim()} in its last stage`);
    }
    return `# The built-in trainer as an image: Node.js and one bundled file.\n${base}\n\n${stage.replace(copy, "COPY train.cjs LICENSE.txt /trainer/\n")}`;
}
