import { CliCommand } from "../../helpers/cli-command";

it("a command whose output nobody reads ends without a stack trace", async () => {
    const command = new CliCommand("runs", ["--help"], { cwd: process.cwd() });
    command.closeStdout();

    expect(await command.ended).toMatchObject({ status: 0, stderr: "" });
});
