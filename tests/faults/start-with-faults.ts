// `npm start` with the rules of the environment variable FAULT_RULES in its emulator. Writes the requests, and whether a rule
// hit one, to the file FAULT_RECORD.
import { writeFileSync } from "node:fs";

import emulator = require("../../emulator/src");

import { RecordingPlan } from "./small-run";

const { FAULT_RULES = "", FAULT_RECORD = "" } = process.env;
const plan = new RecordingPlan(FAULT_RULES.split("\n").filter(Boolean).map(emulator.parseFaultRule));
const { startEmulator } = emulator;
// The rehearsal looks the function up at each call.
Object.assign(emulator, {
    startEmulator: (options: Parameters<typeof startEmulator>[0]) => startEmulator({ ...options, faults: plan }),
});
process.on("exit", () => {
    writeFileSync(FAULT_RECORD, JSON.stringify({ requests: plan.requests, isHit: plan.hits.length > 0 }));
});
require("../../cli/start/main.ts");
