import { readdirSync } from "node:fs";
import path from "node:path";
import { CliCommand } from "../helpers/cli-command";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

/** Each rehearsal takes about ten seconds, and longer beside others. */
jest.setTimeout(240_000);

let project: ProjectCopy;
beforeAll(() => {
    project = copyProject();
});
afterAll(() => project.remove());

const start = () => new CliCommand("start", ["--runtime", "process"], { cwd: project.folder });
const dataFolders = () => readdirSync(path.join(project.folder, ".emulator"));

describe("several npm start in one checkout", () => {
    it("each save their model, and remove the folder of one that was killed", async () => {
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
