import "../shared/check-node";

import { copyFileSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Emulator } from "../../emulator/src";
import { CommandError, emulatorCommand } from "../../emulator/src/command";
import { processTerminal } from "../shared/command-context";
import { findProject, IS_PACKAGE, LOCAL_STACK } from "../shared/project";
import { runCommand } from "../shared/run-command";
import { Screen } from "../shared/screen";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";

const NAME = commandLine("emulator");

/** The document about the emulator, relative to the project folder. */
const README = `${IS_PACKAGE ? "node_modules/gcp-trainer/" : ""}emulator/README.md`;

/** @param stackPort the port in Pulumi.local.yaml; undefined if the file does not name an emulator */
function nextSteps({ port }: Emulator, tokenFile: string, stackPort: string | undefined): string {
    const stack = [
        "",
        "In another terminal, with a separate Pulumi state:",
        "  mkdir -p .emulator/state",
        '  export PULUMI_BACKEND_URL="file://$PWD/.emulator/state"',
        "  export PULUMI_CONFIG_PASSPHRASE=",
        "  export PULUMI_GCP_SKIP_REGION_VALIDATION=true",
        // The providers' config key is gcp:accessToken; the stack file is in git, so it does not contain a token.
        `  export GOOGLE_OAUTH_ACCESS_TOKEN="$(cat ${tokenFile})"`,
        "  npx pulumi stack select --create local",
        "  npx pulumi up",
        "",
        "Without a fast internet connection, also run:",
        "  export HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=127.0.0.1",
        "(the gcp provider asks Google for the account's name, and gives up at once if the connection is refused)",
        "Press Ctrl-C here to stop the emulator; its data is kept for the next start.",
    ];
    const otherPort = [
        "",
        `Pulumi.local.yaml uses port ${stackPort}; to use this emulator's port, first run:`,
        `  sed -i.bak 's|127.0.0.1:${stackPort}/|127.0.0.1:${port}/|' Pulumi.local.yaml`,
    ];
    return [...(stackPort === undefined || stackPort === String(port) ? [] : otherPort), ...stack].join("\n");
}

/** The port in Pulumi.local.yaml, which is created if the project has none. */
function portInStackFile(projectDir: string): string | undefined {
    const file = path.join(projectDir, "Pulumi.local.yaml");
    if (!existsSync(file)) {
        copyFileSync(LOCAL_STACK, file);
    }
    return /http:\/\/127\.0\.0\.1:(\d+)\//.exec(readFileSync(file, "utf8"))?.[1];
}

runCommand(async (args) => {
    const projectDir = findProject();
    const screen = new Screen(processTerminal());
    const options = {
        command: NAME.startsWith("npm run") ? `${NAME} --` : NAME,
        summary: `${NAME} emulates Google Cloud locally, for \`pulumi up -s local\` with the real providers.`,
        dataDir: path.join(projectDir, ".emulator"),
        dataDirText: ".emulator in the project folder",
        readme: README,
        nextSteps: (emulator: Emulator, tokenFile: string) =>
            nextSteps(emulator, tokenFile, portInStackFile(projectDir)),
        print: (text: string) => screen.print(text),
    };
    try {
        return await emulatorCommand(args, options);
    } catch (error) {
        throw error instanceof CommandError ? new UsageError(error.message, { cause: error }) : error;
    }
});
