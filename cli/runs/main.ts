import { runAsProcess } from "../shared/stored-runs/command";
import { listRuns } from "../shared/stored-runs/list-runs";

runAsProcess(listRuns);
