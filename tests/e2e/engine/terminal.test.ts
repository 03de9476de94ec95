import { reasonWithoutTerminal } from "../../helpers/terminal-command";
import { Cloud, describeWithEngine, FAST_CLOUD, Project } from "./support";

const MINUTE_MS = 60_000;
const itWithTerminal = reasonWithoutTerminal() === undefined ? it : it.skip;

describeWithEngine("npm run up in a terminal of 80x24, with the real engine,", () => {
    let cloud: Cloud;
    beforeAll(async () => {
        cloud = await Cloud.start("docker", FAST_CLOUD);
    });
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    itWithTerminal(
        "shows the trainer's lines as they arrive, detaches, reattaches and shows the result; destroy asks first",
        async () => {
            const config = { trainer: "tiny", hyperparameters: { seconds: 3, hold: 1 } };
            const project = new Project(cloud, "screen", config);
            await project.init();

            const preview = project.npmRun("preview");
            await expect(preview.ended).resolves.toBe(0);
            expect(preview.history).toContainEqual(expect.stringMatching(/^\+ VM$/));

            const first = project.npmRun("up");
            await first.shows(/^\| tiny trainer: second 2 of 3$/);
            // The last two lines show the progress.
            expect(first.screen.at(-2)).toMatch(/^\d+ done, in progress: trainer-run \d+ s$/);
            expect(first.screen.at(-1)).toBe("Ctrl-C twice detaches; the run continues");
            first.type("\x03");
            await first.shows(/^Ctrl-C again detaches; the run continues$/);
            first.type("\x03");
            await expect(first.ended).resolves.toBe(130);
            expect(first.history).toContainEqual(expect.stringMatching(/^\+ VM\b/));
            expect(first.history.join("\n")).not.toMatch(/^\+ run\b/m);

            const second = project.npmRun("up");
            await second.shows(/^\| tiny trainer: second 3 of 3$/);
            await cloud.release();
            await expect(second.ended).resolves.toBe(0);
            expect(second.history).toContain("| tiny trainer: released");
            const end = second.screen.join("\n");
            expect(end).toContain("Metrics reported by the trainer:\n  accuracy  1\n");
            expect(end).toMatch(/^Results, verified, in models\/screen\/r-[0-9a-f]{10}\/$/m);
            expect(end).toContain("Billed until npm run destroy -- -s screen:");
            expect(project.savedRuns()).toHaveLength(1);

            const destroy = project.npmRun("destroy");
            await destroy.shows(/Type its name to continue: $/);
            destroy.type("screen\r");
            await expect(destroy.ended).resolves.toBe(0);
            await project.residue().expectSuccess();
            expect(await cloud.inventory()).toEqual([]);
        },
        8 * MINUTE_MS,
    );
});
