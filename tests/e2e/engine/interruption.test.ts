import { Cloud, describeWithEngine, FAST_CLOUD, Project } from "./support";

const MINUTE_MS = 60_000;

describeWithEngine("a command killed during a run, with the real engine,", () => {
    let cloud: Cloud;
    beforeAll(async () => {
        cloud = await Cloud.start("docker", FAST_CLOUD);
    });
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    it(
        "leaves the run active: after pulumi cancel, the next up attaches to it",
        async () => {
            const project = new Project(cloud, "killed", { trainer: "tiny", hyperparameters: { seconds: 1, hold: 1 } });
            await project.init();
            const up = project.up();
            await up.printed("tiny trainer: second 1 of");
            await up.kill();
            await project.pulumi("cancel", "--yes").expectSuccess();
            const again = project.up();
            await again.printed("tiny trainer: second 1 of");
            await cloud.release();
            const { output } = await again.expectSuccess();

            expect(output).toContain("tiny trainer: released");
            const [run = "", ...others] = project.savedRuns();
            expect(others).toEqual([]);
            expect(JSON.parse(project.saved(run, "status.json"))).toMatchObject({ state: "SUCCEEDED", attempt: 1 });

            // The next run never finishes.
            project.configure({ hyperparameters: { seconds: 1, hold: 2 } });
            const next = project.up();
            await next.printed("tiny trainer: second 1 of");
            await next.kill();
            await project.pulumi("cancel", "--yes").expectSuccess();
            await project.destroy();

            expect(await cloud.inventory()).toEqual([]);
            expect(project.savedRuns()).toContain(run);
            expect(project.savedRuns()).toHaveLength(2);
        },
        8 * MINUTE_MS,
    );
});
