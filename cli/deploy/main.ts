import "../shared/check-node";

import { processTerminal } from "../shared/command-context";
import { findProject } from "../shared/project";
import { runCommand } from "../shared/run-command";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";
import { deploy, KINDS } from "./deploy";

runCommand(async ([name, ...args]) => {
    const kind = KINDS.find((known) => known === name);
    if (kind === undefined) {
        throw new UsageError(`The command must be ${KINDS.join(", ")}; got "${name}" (${commandLine("up", "--help")})`);
    }
    const terminal = processTerminal();
    const projectDir = findProject();
    return deploy(kind, args, { projectDir, packageDir: projectDir, terminal });
});
