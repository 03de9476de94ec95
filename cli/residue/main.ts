import "../shared/check-node";

import { processContext } from "../shared/command-context";
import { runCommand } from "../shared/run-command";
import { showResidue } from "./show-residue";

runCommand((args) => showResidue(args, processContext()));
