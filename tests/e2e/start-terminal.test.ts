import { copyProject, type ProjectCopy } from "../helpers/project-copy";
import { reasonWithoutTerminal, TerminalCommand } from "../helpers/terminal-command";

const reason = reasonWithoutTerminal();

let project: ProjectCopy;
beforeAll(() => {
    project = copyProject();
});
afterAll(() => project.remove());

(reason ? describe.skip : describe)(`npm start on a terminal${reason ? ` [skipped: ${reason}]` : ""}`, () => {
    it("with 80 columns, wraps no lines, uses colours, and shows one live line that it later removes", async () => {
        const { NO_COLOR: _, ...env } = process.env;
        const command = new TerminalCommand("cli/start/main.ts", ["--runtime", "process"], {
            columns: 80,
            cwd: project.folder,
            env,
        });
        await command.shows(/^trainer-run \d+ s/);
        await expect(command.ended).resolves.toBe(0);

        expect(command.wrapped).toEqual([]);
        expect(command.output).toContain("\x1b[32m+\x1b[39m");
        expect(command.history.filter((line) => /^trainer-run \d+ s/.test(line))).toEqual([]);
    });
});
