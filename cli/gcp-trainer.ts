#!/usr/bin/env node
import "./shared/check-node";

import { readFileSync } from "node:fs";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { processTerminal } from "./shared/command-context";
import { PACKAGE_ROOT } from "./shared/project";
import { runCommand } from "./shared/run-command";
import { Screen } from "./shared/screen";
import { COMMANDS, type CommandName } from "./shared/tool";
import { UsageError } from "./shared/usage-error";

// The entry point of the package's command, `gcp-trainer`. A checkout starts the commands with npm scripts instead.

/** The modules that implement the commands; each is loaded only if it is needed. */
const MODULES: Readonly<Record<CommandName, () => unknown>> = {
    init: () => require("./init/main"),
    start: () => require("./start/main"),
    up: () => require("./deploy/main"),
    preview: () => require("./deploy/main"),
    destroy: () => require("./deploy/main"),
    logs: () => require("./logs/main"),
    runs: () => require("./runs/main"),
    results: () => require("./results/main"),
    residue: () => require("./residue/main"),
    report: () => require("./report/main"),
    predict: () => require("./predict/main"),
    emulator: () => require("./emulator/main"),
};

function usage(): string {
    const rows = Object.entries(COMMANDS).map(([name, does]) => `  ${name.padEnd(10)}${does}`);
    return `gcp-trainer trains a model on a Google Cloud VM and downloads the result.

Usage: gcp-trainer COMMAND [options]

${rows.join("\n")}

gcp-trainer COMMAND --help explains a command.`;
}

function version(): string {
    return (JSON.parse(readFileSync(path.join(PACKAGE_ROOT, "..", "package.json"), "utf8")) as { version: string })
        .version;
}

const [name = "--help"] = process.argv.slice(2);
if (Object.hasOwn(MODULES, name)) {
    // One module implements three commands, so it needs the command's name.
    if (!["up", "preview", "destroy"].includes(name)) {
        process.argv.splice(2, 1);
    }
    MODULES[name as CommandName]();
} else {
    runCommand(async () => {
        const screen = new Screen(processTerminal());
        if (["--help", "-h", "help"].includes(name)) {
            screen.print(usage());
        } else if (["--version", "-v"].includes(name)) {
            screen.print(version());
        } else {
            const names = Object.keys(COMMANDS).join(", ");
            throw new UsageError(
                `The command must be one of ${names}; got "${stripVTControlCharacters(name)}" (gcp-trainer --help)`,
            );
        }
        return 0;
    });
}
