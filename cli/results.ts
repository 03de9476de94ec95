import { runAsProcess } from "./stored-runs/command";
import { saveResults } from "./stored-runs/save-results";

runAsProcess(saveResults);
