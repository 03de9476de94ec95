import { Cloud, describeWithEngine, Project } from "./support";

const MINUTE_MS = 60_000;

describeWithEngine("two stacks side by side, with the real engine,", () => {
    let cloud: Cloud;
    beforeAll(async () => {
        cloud = await Cloud.start();
    });
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    it(
        "share nothing except a project on Google Cloud",
        async () => {
            const config = { trainer: "tiny", hyperparameters: { seconds: 1 } };
            const projects = ["left", "right"].map((stack) => new Project(cloud, stack, { ...config }));
            const [left, right] = projects as [Project, Project];
            await left.init();
            await right.init();
            await Promise.all(projects.map((project) => project.up().expectSuccess()));

            expect(left.savedRuns()).toHaveLength(1);
            expect(right.savedRuns()).toEqual(left.savedRuns());
            const both = await cloud.inventory();
            await left.destroy();

            const rest = await cloud.inventory();
            expect(rest).toHaveLength(both.length / 2);
            expect(rest.filter((item) => !item.includes("gcp-trainer-right-"))).toEqual([]);
            await right.previewNoChanges("--refresh").expectSuccess();
            await right.destroy();

            expect(await cloud.inventory()).toEqual([]);
        },
        5 * MINUTE_MS,
    );
});
