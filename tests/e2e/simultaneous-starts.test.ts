import { readdirSync } from "node:fs";
import path from "node:path";
import { CliCommand } from "../helpers/cli-command";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

let project: ProjectCopy;
beforeAll(() => {
    project = copyProject();
});
afterAll(() => project.remove());

const start = () => new CliCommand("start", ["--runtime", "process"], { cwd: project.folder });
const dataFolders = () => readdirSync(path.join(project.folder, ".emulator"));

describe("simultaneous npm start commands in one checkout", () => {
    it("all save their models, and remove the folder left behind by a killed command", async () => {
        const killed = start();
        await killed.printed(/pulumi up, rehearsed/);
        expect(dataFolders()).toHaveLength(1);
        killed.kill("SIGKILL");
        await killed.ended;
        expect(dataFolders()).toHaveLength(1);

        const results = await Promise.all([start().ended, start().ended]);
        for (const { status, output } of results) {
            expect({ status, output }).toMatchObject({ status: 0 });
            expect(output).toContain("Left to bill: nothing.");
        }
        expect(dataFolders()).toEqual([]);
    });
});
