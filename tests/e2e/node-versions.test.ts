import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

const ROOT = path.resolve(__dirname, "../..");

let project: ProjectCopy;
beforeAll(() => {
    project = copyProject();
});
afterAll(() => project.remove());

describe.each([22, 24, 26])("npm start on Node.js %s", (version) => {
    const bin = path.join(ROOT, `.nodes/${version}/bin`);
    const isInstalled = existsSync(path.join(bin, "node"));

    (isInstalled ? it : it.skip)(
        `prints no warning${isInstalled ? "" : " [skipped: .ci/node-versions.sh has not installed it]"}`,
        async () => {
            const args = ["-r", "./load-typescript.cjs", "cli/start/main.ts", "--runtime", "process"];
            const env = { ...process.env, PATH: [bin, process.env.PATH].join(path.delimiter) };
            const child = spawn(path.join(bin, "node"), args, { cwd: project.folder, env });
            const [stdout, stderr, [status]] = await Promise.all([
                text(child.stdout),
                text(child.stderr),
                once(child, "close"),
            ]);

            expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
            expect(stdout).not.toMatch(/warning/i);
        },
    );
});
