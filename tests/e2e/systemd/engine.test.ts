import { Cloud, describeWithEngine, Project } from "../engine/support";
import { describeWithSystemd } from "./helpers/systemd-vm";

const MINUTE_MS = 60_000;

describeWithSystemd("a VM with the systemd runtime", () => {
    describeWithEngine("under the real engine and providers", () => {
        let cloud: Cloud;

        beforeAll(async () => {
            cloud = await Cloud.start("systemd");
        }, MINUTE_MS);
        afterAll(() => cloud.stop(), MINUTE_MS);

        it(
            "trains a stack's run with the image that docker pushed; destroy leaves nothing behind",
            async () => {
                const project = new Project(cloud, "systemd");
                await project.init();
                const { output } = await project.up().expectSuccess();
                expect(output).toContain("Trained the final model on all 150 rows");
                const { runId } = (await project.outputs()) as { runId: string };
                expect(JSON.parse(project.saved(runId, "status.json"))).toMatchObject({ state: "SUCCEEDED" });
                await project.destroy();
                expect(await cloud.inventory()).toEqual([]);
            },
            5 * MINUTE_MS,
        );
    });
});
