import "../shared/check-node";

import { processContext } from "../shared/command-context";
import { runCommand } from "../shared/run-command";
import { listRuns } from "./list-runs";

runCommand((args) => listRuns(args, processContext()));
