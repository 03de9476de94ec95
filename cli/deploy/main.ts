import "../shared/check-node";

import { hasColours, PROJECT_DIR } from "../shared/command-context";
import { runCommand } from "../shared/run-command";
import { UsageError } from "../shared/usage-error";
import { deploy, KINDS } from "./deploy";

runCommand(async ([name, ...args]) => {
    const kind = KINDS.find((known) => known === name);
    if (kind === undefined) {
        throw new UsageError(`The command must be ${KINDS.join(", ")}; got "${name}" (npm run up -- --help)`);
    }
    const terminal = {
        isInteractive: hasColours(),
        get columns() {
            return process.stdout.columns ?? 80;
        },
        write: (text: string) => process.stdout.write(text),
    };
    return deploy(kind, args, { projectDir: PROJECT_DIR, packageDir: PROJECT_DIR, terminal });
});
