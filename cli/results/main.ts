import "../shared/check-node";

import { processContext } from "../shared/command-context";
import { runCommand } from "../shared/run-command";
import { saveResults } from "./save-results";

runCommand((args) => saveResults(args, processContext()));
