import { Cloud, describeWithEngine, Project } from "./support";

const MINUTE_MS = 60_000;
// The port is closed, so every delivery fails.
const URL_OF_NOBODY = "https://127.0.0.1:1/hook-5f0c";

describeWithEngine("a stack that posts its messages to a URL, with the real engine,", () => {
    let cloud: Cloud;

    beforeAll(async () => {
        cloud = await Cloud.start();
    }, 2 * MINUTE_MS);
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    it(
        "trains even if nobody receives them, never shows the URL, needs no later changes, and leaves nothing behind",
        async () => {
            const project = new Project(cloud, "notify", {
                trainer: "tiny",
                hyperparameters: { seconds: 1 },
            });
            await project.init();
            await project.pulumi("config", "set", "--secret", "notify", URL_OF_NOBODY).expectSuccess();
            const { output } = await project.up().expectSuccess();

            expect(await cloud.inventory()).toEqual(
                expect.arrayContaining([
                    expect.stringMatching(/^Pub\/Sub topic /),
                    expect.stringMatching(/^Pub\/Sub subscription /),
                ]),
            );
            const { output: unchanged } = await project.previewNoChanges("--refresh").expectSuccess();
            const { output: exported } = await project.pulumi("stack", "export").expectSuccess();
            for (const text of [output, unchanged, exported]) {
                expect(text).not.toContain("hook-5f0c");
            }
            await project.destroy();
            expect(await cloud.inventory()).toEqual([]);
        },
        8 * MINUTE_MS,
    );
});
