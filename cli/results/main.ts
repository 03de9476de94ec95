import { runAsProcess } from "../shared/stored-runs/command";
import { saveResults } from "../shared/stored-runs/save-results";

runAsProcess(saveResults);
