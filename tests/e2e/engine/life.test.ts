import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Cloud, describeWithEngine, Project } from "./support";

const MINUTE_MS = 60_000;

/**
 * The steps in one stack's lifecycle. Each continues from the previous one, because an `up` from scratch takes half a
 * minute.
 */
describeWithEngine("with the real engine and providers,", () => {
    let cloud: Cloud;
    let project: Project;
    const runs: string[] = [];

    beforeAll(async () => {
        cloud = await Cloud.start();
        project = new Project(cloud, "life");
        await project.init();
    }, 2 * MINUTE_MS);
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    /** Runs `up`, and returns the run id and the resources that were created, deleted or replaced. */
    async function up(): Promise<{ changes: string; runId: string; output: string }> {
        const { output } = await project.up().expectSuccess();
        const changes = /^Resources:\n((?: .*\n)+)/m.exec(output)?.[1] ?? "";
        const { runId } = (await project.outputs()) as { runId: string };
        return { changes: changes.trim().replace(/\s+/g, " "), runId, output };
    }

    const machines = async () => (await cloud.inventory()).filter((item) => item.startsWith("instance"));

    it(
        "up trains the model on a VM and downloads it, even though operations are slow and new APIs and grants take effect late",
        async () => {
            const { changes, runId, output } = await up();
            runs.push(runId);

            expect(changes).toBe("+ 32 created");
            expect(output).toContain("waiting for compute.googleapis.com, which has just been enabled");
            expect(output).toContain("Trained the final model on all 150 rows");
            const outputs = await project.outputs();
            expect(outputs).toMatchObject({
                resultsDir: `models/life/${runId}`,
                metrics: { accuracy: expect.closeTo(0.93, 1) as number },
            });
            expect(JSON.parse(project.saved(runId, "status.json"))).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
            expect(JSON.parse(project.saved(runId, "model.json"))).toHaveProperty("format", "gcp-trainer-model");
            expect(JSON.parse(project.saved(runId, "manifest.json"))).toMatchObject({ runId });
        },
        5 * MINUTE_MS,
    );

    it(
        "a second up changes nothing and trains nothing",
        async () => {
            const before = await cloud.inventory();
            const { changes, output } = await up();

            expect(changes).toBe("32 unchanged");
            expect(output).not.toMatch(/attempt \d/);
            expect(await cloud.inventory()).toEqual(before);
        },
        5 * MINUTE_MS,
    );

    it(
        "preview --refresh finds no changes, even after the emulator restarts",
        async () => {
            await project.previewNoChanges("--refresh").expectSuccess();
            await cloud.restart();
            await project.previewNoChanges("--refresh").expectSuccess();
        },
        5 * MINUTE_MS,
    );

    it.each(["002", "077"])(
        "a second checkout of the same commit, under umask %s, changes nothing",
        async (umask) => {
            const second = new Project(cloud, "life", {}, { checkout: `umask-${umask}` });
            // The file is untracked and is not part of the image.
            writeFileSync(path.join(second.folder, "trainer", "notes.txt"), "not for the image");
            second.checkOutUnder(Number.parseInt(umask, 8));
            await second.previewNoChanges().expectSuccess();
        },
        5 * MINUTE_MS,
    );

    it.each([
        [
            "hyperparameter",
            () => project.configure({ hyperparameters: { maxDepth: 1 } }),
            // The grant for the run, the VM and the run are replaced, but nothing that contains data.
            "+-3 replaced 29 unchanged",
        ],
        [
            "dataset",
            () => {
                const file = path.join(project.folder, "data", "iris.csv");
                const rows = readFileSync(file, "utf8").trimEnd().split("\n");
                writeFileSync(file, `${rows.slice(0, -5).join("\n")}\n`);
            },
            "+-4 replaced 28 unchanged",
        ],
        [
            "trainer",
            () => appendFileSync(path.join(project.folder, "trainer", "LICENSE"), "\nChanged.\n"),
            "~ 1 updated +-3 replaced 4 changes. 28 unchanged",
        ],
    ])(
        "a changed %s creates only the new run and keeps the old results",
        async (_what, change, expected) => {
            change();
            const earlier = [...runs];
            const { changes, runId } = await up();
            runs.push(runId);

            expect(changes).toContain(expected);
            expect(earlier).not.toContain(runId);
            expect(project.savedRuns()).toEqual([...runs].sort());
            expect(await machines()).toEqual([expect.stringContaining(runId)]);
        },
        5 * MINUTE_MS,
    );

    it(
        "destroy leaves only the results on this machine",
        async () => {
            await project.destroy();

            expect(await cloud.inventory()).toEqual([]);
            expect(project.savedRuns()).toEqual([...runs].sort());
            for (const run of runs) {
                expect(project.saved(run, "trainer.log")).toContain("Trained the final model");
            }
        },
        5 * MINUTE_MS,
    );
});
