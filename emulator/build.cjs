// Compiles src/ to dist/ and copies the files that the compiler ignores.
const { execFileSync } = require("node:child_process");
const { cpSync, rmSync } = require("node:fs");
const path = require("node:path");

process.chdir(__dirname);
rmSync("dist", { recursive: true, force: true });
const compiler = path.join(path.dirname(require.resolve("typescript/package.json")), "bin", "tsc");
execFileSync(process.execPath, [compiler, "-p", "tsconfig.package.json"], { stdio: "inherit" });
cpSync("src/vm/systemd/root", "dist/vm/systemd/root", { recursive: true });
