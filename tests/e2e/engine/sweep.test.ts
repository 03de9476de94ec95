import { Cloud, describeWithEngine, Project } from "./support";

const MINUTE_MS = 60_000;

/** The steps in the lifecycle of one stack whose runs are sweeps. Each continues from the previous one. */
describeWithEngine("a sweep, with the real engine,", () => {
    let cloud: Cloud;
    let project: Project;
    let first = "";

    beforeAll(async () => {
        cloud = await Cloud.start();
        const sweep = { sweep: { seconds: [1, 2, 3] }, sweepMetric: "accuracy", parallelism: 2 };
        project = new Project(cloud, "sweep", { engine: "batch", trainer: "tiny", ...sweep });
        await project.init();
    }, 2 * MINUTE_MS);
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    it(
        "up trains every point, saves them, and names the best one; a second up changes nothing",
        async () => {
            const { output } = await project.up().expectSuccess();

            expect(output).toContain("3 of 3 points are done");
            [first = ""] = project.savedRuns();
            const outputs = await project.outputs();
            expect(outputs).toMatchObject({ sweep: { points: 3, succeeded: 3, failed: 0, accuracy: 1 } });
            expect(project.saved(first, "sweep.csv").split("\r\n")).toHaveLength(5);
            await cloud.untilVmsAreGone();
            await project.previewNoChanges().expectSuccess();
        },
        8 * MINUTE_MS,
    );

    it(
        "adding a value starts a new run, which reuses the points of the first one",
        async () => {
            project.configure({ sweep: { seconds: [1, 2, 3, 4] } });
            const { output } = await project.up().expectSuccess();

            expect(output).toContain(`3 of 4 points are reused from ${first}`);
            expect(await project.outputs()).toMatchObject({ sweep: { points: 4, succeeded: 4, reused: 3 } });
        },
        8 * MINUTE_MS,
    );

    it(
        "destroy leaves only the results on this machine",
        async () => {
            await project.destroy();

            expect(await cloud.inventory()).toEqual([]);
            expect(project.savedRuns()).toHaveLength(2);
        },
        8 * MINUTE_MS,
    );
});
