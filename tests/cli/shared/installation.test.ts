import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "gcp-trainer-"));
    cpSync("load-typescript.cjs", path.join(folder, "load-typescript.cjs"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function install(name: string): void {
    const installed = path.join(folder, "node_modules", name);
    mkdirSync(installed, { recursive: true });
    writeFileSync(path.join(installed, "package.json"), "{}");
}

function runStart() {
    const args = ["-r", "./load-typescript.cjs", "cli/start/main.ts"];
    return spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
}

describe("without packages that the commands need", () => {
    it("a command names those that npm ci --omit=dev leaves out, and says how to install them", () => {
        install("@pulumi/pulumi");

        const { status, stdout, stderr } = runStart();

        expect([status, stdout, stderr]).toEqual([
            1,
            "",
            "error: node_modules must contain the packages that the commands need, including development " +
                "dependencies; got no ts-node, no typescript (npm ci --include=dev)\n",
        ]);
    });

    it("a command reports them before anything is installed", () => {
        const { stderr } = runStart();

        expect(stderr).toMatch(
            /^error: .*; got no @pulumi\/pulumi, no ts-node, no typescript \(npm ci --include=dev\)\n$/,
        );
    });

    it("every script in package.json that runs TypeScript reports them", () => {
        const others = Object.values(scripts)
            .filter((command) => command.includes(".ts"))
            .filter((command) => !command.startsWith("node -r ./load-typescript.cjs "));

        expect(others).toEqual([]);
    });
});

it("the packages needed to bundle the trainer are installed even with npm ci --omit=dev", () => {
    expect(scripts.postprepare).toMatch(/^npm ci --include=dev --prefix trainer && /);
});
