import { tableRows } from "../../helpers/markdown";
import { Cloud, describeWithEngine, FAST_CLOUD, Project } from "./support";

const MINUTE_MS = 60_000;
const ROLES = tableRows("docs/roles.md", "role").flatMap(([cell = ""]) =>
    [...cell.matchAll(/`(?<role>roles\/[\w.]+)`/g)].map((match) => match.groups?.role ?? ""),
);

describeWithEngine("a deployer with the documented roles, with the real engine,", () => {
    let cloud: Cloud;
    beforeAll(async () => {
        // The deployer's own grants take effect before the test begins.
        cloud = await Cloud.start("docker", FAST_CLOUD);
    });
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    it(
        "can run up and destroy; if a role is missing, up names it and creates nothing",
        async () => {
            const missing = "roles/compute.networkAdmin";
            const token = await cloud.deployer(ROLES.filter((role) => role !== missing));
            const env = { GOOGLE_OAUTH_ACCESS_TOKEN: token };
            const config = { trainer: "tiny", hyperparameters: { seconds: 1 }, debugMinutes: 10 };
            const project = new Project(cloud, "roles", config, { env });
            await project.init();
            const before = await cloud.inventory();
            await project.pulumi("config", "set", "--secret", "--path", "env.API_KEY", "a value").expectSuccess();
            const { output } = await project.up().expectFailure();

            expect(output).toContain(
                `must have one more role on the project demo-project: ${missing} (compute.networks.create, ` +
                    "compute.subnetworks.create). Nothing has been created.",
            );
            expect(await cloud.inventory()).toEqual(before);

            await cloud.deployer(ROLES);
            const granted = await cloud.inventory();
            await project.up().expectSuccess();
            expect(project.savedRuns()).toHaveLength(1);
            await project.destroy();

            expect((await cloud.inventory()).sort()).toEqual(granted.sort());
        },
        8 * MINUTE_MS,
    );
});
