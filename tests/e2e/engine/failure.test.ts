import { Cloud, describeWithEngine, Project } from "./support";

const MINUTE_MS = 60_000;

describeWithEngine("a trainer that fails, with the real engine,", () => {
    let cloud: Cloud;
    beforeAll(async () => {
        cloud = await Cloud.start();
    });
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    it(
        "fails the update, and the next up starts attempt 2, which can succeed",
        async () => {
            const project = new Project(cloud, "second", { trainer: "tiny", hyperparameters: { failures: 1 } });
            await project.init();
            const { output } = await project.up().expectFailure();

            expect(output).toContain("attempt 1, failed: The trainer failed (exit code 3)");
            expect(output).toContain("| tiny trainer: this attempt fails");
            expect(output).toContain("`pulumi up` tries again, as attempt 2.");

            const second = await project.up().expectSuccess();

            expect(second.output).toContain("attempt 1 failed; starting attempt 2");
            const [run = ""] = project.savedRuns();
            expect(JSON.parse(project.saved(run, "status.json"))).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
            expect(JSON.parse(project.saved(run, "model.json"))).toEqual({ earlier: 1 });
            await project.destroy();

            expect(await cloud.inventory()).toEqual([]);
            expect(project.savedRuns()).toEqual([run]);
        },
        5 * MINUTE_MS,
    );

    it(
        "leaves the log on this machine, and a stack that destroy can remove without a Docker engine",
        async () => {
            const project = new Project(cloud, "failed", { trainer: "tiny", hyperparameters: { failures: 9 } });
            await project.init();
            await project.up().expectFailure();
            const env = { DOCKER_HOST: "unix:///nonexistent/docker.sock" };
            await new Project(cloud, "failed", {}, { env }).destroy();

            expect(await cloud.inventory()).toEqual([]);
            const [run = ""] = project.savedRuns();
            expect(JSON.parse(project.saved(run, "status.json"))).toMatchObject({ state: "FAILED", exitCode: 3 });
            expect(project.saved(run, "trainer.log")).toContain("tiny trainer: this attempt fails");
        },
        5 * MINUTE_MS,
    );
});
