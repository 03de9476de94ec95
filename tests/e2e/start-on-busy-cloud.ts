// Runs `npm start` on an emulator in which the zones listed in STOCK_OUTS, separated by commas, are out of stock. When
// the trainer writes a line to the file STARTS, its VM is preempted unless it is a standard VM.
import { existsSync, readFileSync } from "node:fs";

import emulator = require("../../emulator/src");

const { STOCK_OUTS = "", STARTS = "" } = process.env;
const stockOuts = STOCK_OUTS.split(",").filter(Boolean);
const { startEmulator } = emulator;
// This replacement works because the rehearsal looks up the function on each call.
Object.assign(emulator, {
    startEmulator: async (options: Parameters<typeof startEmulator>[0]) => {
        const started = await startEmulator({ ...options, org: { constraints: {}, quotas: {}, stockOuts } });
        preemptSpotVms(started);
        return started;
    },
});
require("../../cli/start/main.ts");

function preemptSpotVms({ url, operatorToken }: Awaited<ReturnType<typeof startEmulator>>): void {
    let seen = 0;
    const send = async (method: string, path: string) => {
        const headers = { authorization: `Bearer ${operatorToken}` };
        return (await (await fetch(url + path, { method, headers })).json()) as Record<string, unknown>;
    };
    const check = async () => {
        const starts = existsSync(STARTS) ? readFileSync(STARTS, "utf8").split("\n").length - 1 : 0;
        if (starts > seen) {
            seen = starts;
            const { items = {} } = await send("GET", "/compute/v1/projects/demo-project/aggregated/instances");
            for (const { instances } of Object.values(items as Record<string, { instances: Vm[] }>)) {
                for (const { selfLink, scheduling } of instances.filter(({ scheduling: one }) => one.preemptible)) {
                    console.log(`preempting a ${scheduling.provisioningModel} VM`);
                    await send("POST", `/emulator/v1/${selfLink.replace(/^.*\/compute\/v1\//, "")}:preempt`);
                }
            }
        }
    };
    setInterval(() => void check().catch(() => undefined), 100).unref();
}

interface Vm {
    selfLink: string;
    scheduling: { preemptible: boolean; provisioningModel: string };
}
