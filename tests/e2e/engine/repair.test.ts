import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Moments, problemOf } from "../interruptions/bench";
import { interruptAgain, lineOf, removalOf, repair } from "../interruptions/trials";
import { describeWithEngine } from "./support";

const MINUTE_MS = 60_000;

/** A sample of `npm run interruptions`: the interruptions that earlier versions could not repair. */
describeWithEngine("a stack whose command was killed, with the real engine,", () => {
    let folder: string;
    let moments: Moments;

    beforeAll(async () => {
        folder = mkdtempSync(path.join(tmpdir(), "repair-test-"));
        moments = new Moments(folder);
        await moments.init("empty");
    }, 5 * MINUTE_MS);
    afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

    /** Kills `up` while it creates a resource. The next call continues from there. */
    async function killAtCreation(name: string): Promise<void> {
        if (!moments.has("creating")) {
            moments.copy("empty", "creating");
        }
        const pattern = lineOf("creating", [], `${name}$`);
        const at = { command: "up", pattern, how: "kill -9", delayMs: 1500 } as const;

        expect(await interruptAgain(moments, "creating", "creating", at)).toBe(name);
    }

    it.each(["trainer-identity", "trainer-vm"])(
        "is repaired by up and by destroy if %s was being created",
        async (name) => {
            await killAtCreation(name);

            expect(await repair(moments, "creating", "destroy")).toMatchObject({ outcome: "survived" });
            expect(await repair(moments, "creating", "up")).toMatchObject({ outcome: "survived" });
        },
        15 * MINUTE_MS,
    );

    it(
        "is repaired by up and by destroy if destroy was removing the network",
        async () => {
            await moments.use("creating", "complete", async ({ project }) => {
                await problemOf(project.cancel());
                expect(await problemOf(project.up())).toBeUndefined();
            });
            const pattern = removalOf([]);
            const at = { command: "destroy", pattern, how: "kill -9", delayMs: 500 } as const;
            await interruptAgain(moments, "complete", "removing", at);

            expect(await repair(moments, "removing", "destroy")).toMatchObject({ outcome: "survived" });
            expect(await repair(moments, "removing", "up")).toMatchObject({ outcome: "survived" });
        },
        15 * MINUTE_MS,
    );
});
