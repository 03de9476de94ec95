import { serialiseProviders } from "../run/provider-texts";
import { type Kill, type KillContext, runKill, titleOf } from "./kills";
import { recordReference } from "./trial";

// This is a sample of `npm run faults -- --kills`.

const SAMPLE: readonly Kill[] = [
    { target: "trainer", signal: "SIGKILL", moment: 0 },
    { target: "boot script", signal: "SIGTERM", moment: 1500 },
    { target: "emulator", signal: "SIGKILL", moment: 2000 },
    { target: "npm start", signal: "SIGINT", moment: /attempt 1: training/ },
];

let prepared: Promise<KillContext> | undefined;

async function context(): Promise<KillContext> {
    prepared ??= serialiseProviders().then(async (texts) => ({ texts, reference: await recordReference(texts) }));
    return await prepared;
}

const itOnLinux = process.platform === "linux" ? test.concurrent : test.skip;

describe("a killed process loses nothing, and the next start cleans up (Linux only, as the test reads /proc)", () => {
    itOnLinux.each(SAMPLE.map((kill) => [titleOf(kill), kill] as const))("%s", async (_title, kill) => {
        const { outcome, detail = "" } = await runKill(await context(), kill);
        expect(`${outcome}: ${detail}`).toMatch(/^(survived|failed clearly|not hit): /);
    });
});
