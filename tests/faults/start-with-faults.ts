// Runs `npm start` with the fault rules from the environment variable FAULT_RULES in its emulator. Writes the requests,
// and how many of them a rule hit, to the file named by FAULT_RECORD.
import { writeFileSync } from "node:fs";

import emulator = require("../../emulator/src");

import { RecordingPlan } from "./small-run";

const { FAULT_RULES = "", FAULT_RECORD = "" } = process.env;
const plan = new RecordingPlan(FAULT_RULES.split("\n").filter(Boolean).map(emulator.parseFaultRule));
const { startEmulator } = emulator;
// This replacement works because the rehearsal looks up the function on each call.
Object.assign(emulator, {
    startEmulator: (options: Parameters<typeof startEmulator>[0]) => startEmulator({ ...options, faults: plan }),
});
process.on("exit", () => {
    writeFileSync(FAULT_RECORD, JSON.stringify({ requests: plan.requests, hits: plan.hits.length }));
});
require("../../cli/start/main.ts");
