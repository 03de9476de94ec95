import { Cloud, describeWithEngine, Project } from "./support";

const MINUTE_MS = 60_000;

/** The steps in the lifecycle of one stack whose runs are Google Batch jobs. Each continues from the previous one. */
describeWithEngine("engine batch, with the real engine,", () => {
    let cloud: Cloud;
    let project: Project;
    const runs: string[] = [];

    beforeAll(async () => {
        cloud = await Cloud.start();
        const config = { engine: "batch", provisioning: "spot", trainer: "tiny", hyperparameters: { seconds: 1 } };
        project = new Project(cloud, "batch", config);
        await project.init();
    }, 2 * MINUTE_MS);
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    const jobs = async () => (await cloud.inventory()).filter((item) => item.startsWith("batch job "));

    /** Adds the only new run on this machine to `runs`, and returns its status. */
    function newStatus(): unknown {
        const [run = "none", ...others] = project.savedRuns().filter((one) => !runs.includes(one));
        expect(others).toEqual([]);
        runs.push(run);
        return JSON.parse(project.saved(run, "status.json"));
    }

    it(
        "up trains in a job, whose VM is gone afterwards, and downloads the results",
        async () => {
            const { output } = await project.up().expectSuccess();

            expect(output).toContain("| tiny trainer: second 1 of 1");
            expect(newStatus()).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
            expect(await project.outputs()).toMatchObject({ metrics: { accuracy: 1 }, runId: runs[0] });
            expect(await jobs()).toEqual([expect.stringContaining(runs[0] ?? "")]);
            await cloud.untilVmsAreGone();
        },
        5 * MINUTE_MS,
    );

    it(
        "a second up changes nothing, and preview and refresh find no changes, even after the emulator restarts",
        async () => {
            const before = await cloud.inventory();
            const { output } = await project.up().expectSuccess();

            expect(output).toMatch(/^Resources:\n +\d+ unchanged$/m);
            expect(await cloud.inventory()).toEqual(before);
            await project.previewNoChanges().expectSuccess();
            await cloud.restart();
            await project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes").expectSuccess();
            await project.previewNoChanges("--refresh").expectSuccess();
        },
        5 * MINUTE_MS,
    );

    it(
        "a run whose VM is preempted while no command waits continues by itself, and the next up collects it",
        async () => {
            project.configure({ hyperparameters: { seconds: 1, hold: 1 } });
            const left = project.up();
            await left.printed("tiny trainer: second 1 of");
            left.interrupt();
            await left.printed("press ^C again");
            left.interrupt();
            await left.expectFailure();
            await cloud.preempt();
            await cloud.release();
            // The run may have ended before this command, which then does not print the log.
            await project.up().expectSuccess();

            expect(newStatus()).toMatchObject({ state: "SUCCEEDED", attempt: 2, interruptions: 1 });
            expect(JSON.parse(project.saved(runs[1] ?? "", "model.json"))).toEqual({ earlier: 1 });
            expect(await jobs()).toEqual([expect.stringContaining(runs[1] ?? "")]);
        },
        5 * MINUTE_MS,
    );

    it(
        "a failing trainer makes the update fail, and the next up trains again in a second job",
        async () => {
            project.configure({ hyperparameters: { failures: 1 } });
            const { output } = await project.up().expectFailure();
            expect(output).toContain("attempt 1, failed: The trainer failed (exit code 3)");
            await project.up().expectSuccess();

            expect(newStatus()).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
            expect(await jobs()).toHaveLength(2);
            await project.previewNoChanges("--refresh").expectSuccess();
        },
        5 * MINUTE_MS,
    );

    it(
        "destroy leaves only the results on this machine",
        async () => {
            await project.destroy();

            expect(await cloud.inventory()).toEqual([]);
            expect(project.savedRuns()).toEqual([...runs].sort());
        },
        5 * MINUTE_MS,
    );
});
