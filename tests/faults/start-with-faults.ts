// Runs `npm start` with the fault rules from the environment variable FAULT_RULES in its emulator. Writes the requests,
// and the numbers of the rules that hit none, to the file named by FAULT_RECORD.
import { writeFileSync } from "node:fs";

import emulator = require("../../emulator/src");

import { RecordingPlan } from "./small-run";

const { FAULT_RULES = "", FAULT_RECORD = "" } = process.env;
const rules = FAULT_RULES.split("\n").filter(Boolean).map(emulator.parseFaultRule);
const plan = new RecordingPlan(rules);
const { startEmulator } = emulator;
// This replacement works because the rehearsal looks up the function on each call.
Object.assign(emulator, {
    startEmulator: (options: Parameters<typeof startEmulator>[0]) => startEmulator({ ...options, faults: plan }),
});
process.on("exit", () => {
    writeFileSync(
        FAULT_RECORD,
        JSON.stringify({
            requests: plan.requests,
            missed: rules.flatMap((rule, index) => (plan.hitRules.has(rule) ? [] : [index])),
        }),
    );
});
require("../../cli/start/main.ts");
