import "../shared/check-node";

import { processContext } from "../shared/command-context";
import { runCommand } from "../shared/run-command";
import { showLogs } from "./show-logs";

// A reader such as `head` may close the pipe.
process.stdout.on("error", () => process.exit(0));

runCommand((args) => showLogs(args, processContext()));
