import { runAsProcess } from "./stored-runs/command";
import { listRuns } from "./stored-runs/list-runs";

runAsProcess(listRuns);
