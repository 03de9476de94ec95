import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
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
        `prints no warning and repeats downloads that fail${isInstalled ? "" : " [skipped: .ci/node-versions.sh has not installed it]"}`,
        async () => {
            const args = ["-r", "./load-typescript.cjs", "tests/faults/start-with-faults.ts", "--runtime", "process"];
            const record = path.join(project.folder, "requests.json");
            const env = {
                ...process.env,
                PATH: [bin, process.env.PATH].join(path.delimiter),
                FAULT_RULES: ["main", "vm"].map((port) => `kind=status,port=${port},path=alt=media`).join("\n"),
                FAULT_RECORD: record,
            };
            const child = spawn(path.join(bin, "node"), args, { cwd: project.folder, env });
            const [stdout, stderr, [status]] = await Promise.all([
                text(child.stdout),
                text(child.stderr),
                once(child, "close"),
            ]);

            expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
            expect(stdout).not.toMatch(/warning/i);
            expect(JSON.parse(readFileSync(record, "utf8"))).toMatchObject({ missed: [] });
        },
    );
});
