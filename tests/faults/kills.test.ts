import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cloudConfig, TestInstance } from "../../emulator/test/vm/support";
import { providerTexts } from "../run/provider-texts";
import { EmulatorProcess, type Kill, type KillContext, processesOf, runKill, titleOf } from "./kills";
import { recordReference } from "./trial";

// These are some of the kills in `npm run faults -- --kills`.

const SAMPLE: readonly Kill[] = [
    { target: "trainer", signal: "SIGKILL", moment: 0 },
    { target: "boot script", signal: "SIGTERM", moment: 1500 },
    { target: "emulator", signal: "SIGKILL", moment: 2000 },
    { target: "npm start", signal: "SIGINT", moment: /attempt 1: training/ },
    { target: "predict", signal: "SIGKILL", moment: 0 },
    { target: "results", signal: "SIGKILL", moment: 0 },
];

let prepared: Promise<KillContext> | undefined;

async function context(): Promise<KillContext> {
    prepared ??= providerTexts().then(async (texts) => ({ texts, reference: await recordReference(texts) }));
    return await prepared;
}

const itOnLinux = process.platform === "linux" ? test.concurrent : test.skip;

describe("a killed process loses nothing, and the next start cleans up (Linux only, as the test reads /proc)", () => {
    itOnLinux.each(SAMPLE.map((kill) => [titleOf(kill), kill] as const))("%s", async (_title, kill) => {
        const { outcome, detail = "" } = await runKill(await context(), kill);
        expect(`${outcome}: ${detail}`).toMatch(/^(survived|failed clearly|not hit): /);
    });
});

/** A unit whose processes print nothing and ignore every signal except SIGKILL. */
const SILENT = `trap '' HUP INT PIPE TERM
sleep 331.71 &
setsid sleep 331.72 &
exec sleep 331.73`;

describe("an emulator that is killed (Linux only, as the test reads /proc)", () => {
    itOnLinux("leaves none of its VMs' processes behind, even if they print nothing", async () => {
        const emulator = await EmulatorProcess.start();
        const vms = path.join(emulator.cloud.dataDir, "vms");
        const silent = () => processesOf(vms).filter(({ command }) => /^sleep 331\.7[123]$/.test(command));
        const userData = cloudConfig({ "/etc/silent.sh": SILENT }, ["bash", "/etc/silent.sh"]);
        await TestInstance.create(emulator.cloud, "silent", userData);
        while (silent().length < 3) {
            await sleep(20);
        }

        await emulator.kill("SIGKILL");

        while (processesOf(vms).length > 0) {
            await sleep(20);
        }
        await emulator.cloud.stop();
    });
});
