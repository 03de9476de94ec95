import "../shared/check-node";

import { copyFileSync, existsSync } from "node:fs";
import path from "node:path";
import { DEFAULT_PORT, type Emulator } from "../../emulator/src";
import { CommandError, emulatorCommand } from "../../emulator/src/command";
import { findProject, LOCAL_STACK } from "../shared/project";
import { runCommand } from "../shared/run-command";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";

const NAME = commandLine("emulator");

function nextSteps({ port, url }: Emulator, tokenFile: string): string {
    const stack = [
        "",
        "In another terminal, with a separate Pulumi state:",
        "  mkdir -p .emulator/state",
        '  export PULUMI_BACKEND_URL="file://$PWD/.emulator/state" PULUMI_CONFIG_PASSPHRASE=',
        "  export PULUMI_GCP_SKIP_REGION_VALIDATION=true",
        // The providers' config key is gcp:accessToken; the stack file is in git, so it does not contain a token.
        `  export GOOGLE_OAUTH_ACCESS_TOKEN="$(cat ${tokenFile})"`,
        "  npx pulumi stack select --create local",
        "  npx pulumi up",
        "",
        "Without a fast internet connection, also run: export HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=127.0.0.1",
        "(the gcp provider asks Google for the account's name, and gives up at once if the connection is refused)",
        "Press Ctrl-C here to stop the emulator; its data is kept for the next start.",
    ];
    const otherPort = [
        "",
        `Pulumi.local.yaml uses port ${DEFAULT_PORT}; to use this emulator's port, first run:`,
        `  sed -i.bak 's|http://127.0.0.1:${DEFAULT_PORT}/|${url}/|' Pulumi.local.yaml`,
    ];
    return [...(port === DEFAULT_PORT ? [] : otherPort), ...stack].join("\n");
}

runCommand(async (args) => {
    const projectDir = findProject();
    const stackFile = path.join(projectDir, "Pulumi.local.yaml");
    if (!existsSync(stackFile) && !args.some((arg) => arg === "--help" || arg === "-h")) {
        copyFileSync(LOCAL_STACK, stackFile);
    }
    const options = {
        command: NAME.startsWith("npm run") ? `${NAME} --` : NAME,
        summary: `${NAME} emulates Google Cloud locally, for \`pulumi up -s local\` with the real providers.`,
        dataDir: path.join(projectDir, ".emulator"),
        dataDirText: ".emulator in the project folder",
        nextSteps,
    };
    try {
        return await emulatorCommand(args, options);
    } catch (error) {
        throw error instanceof CommandError ? new UsageError(error.message, { cause: error }) : error;
    }
});
