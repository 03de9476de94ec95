import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { Cloud, describeWithEngine, Project } from "./support";

const MINUTE_MS = 60_000;

describeWithEngine("changes that require no new training, with the real engine,", () => {
    let cloud: Cloud;
    beforeAll(async () => {
        cloud = await Cloud.start();
    });
    afterAll(() => cloud.stop(), 2 * MINUTE_MS);

    it(
        "update the existing resources, and leave no further changes",
        async () => {
            const project = new Project(cloud, "in-place", { trainer: "tiny", hyperparameters: { seconds: 1 } });
            await project.init();
            await project.up().expectSuccess();
            // The VM takes a moment to stop after its run has ended.
            await cloud.untilDown();
            const before = await cloud.inventory();
            project.configure({ labels: { team: "wire" }, bootDiskSizeGb: 30, machineType: "e2-standard-4" });
            const { output } = await project.up().expectSuccess();

            // The updated resources are the repository, the bucket, the VM and the run.
            expect(output).toMatch(/^Resources:\n +~ 4 updated\n +28 unchanged$/m);
            expect(await cloud.inventory()).toEqual(before);
            await project.previewNoChanges("--refresh").expectSuccess();

            // The limit is also in the VM's user-data, but a new VM would only find that the run has ended.
            project.configure({ maxRunMinutes: 30, provisioning: "spot" });
            rmSync(path.join(project.folder, "models", "in-place"), { recursive: true });
            mkdirSync(path.join(project.folder, "models", "in-place"));
            const kept = await project.up().expectSuccess();
            expect(kept.output).not.toMatch(/replaced/);
            // Results that were deleted on this machine are downloaded again.
            expect(project.savedRuns()).toHaveLength(1);
            await project.previewNoChanges("--refresh").expectSuccess();

            // The provider cannot change the address of a stopped VM, so it creates a new VM, which finds that
            // the run has ended.
            project.configure({ externalIp: true });
            const reachable = await project.up().expectSuccess();
            expect(reachable.output).toMatch(/gcp:compute:Instance trainer-vm replaced/);
            // The update of the run's resource only checks the new VM, and does not train again.
            expect(reachable.output).toMatch(/^Resources:\n +~ 1 updated\n +\+-1 replaced$/m);
            expect(reachable.output).toMatch(/attempt 1: succeeded/);
            expect(await cloud.inventory()).toEqual(before);
            await project.previewNoChanges("--refresh").expectSuccess();

            // The VM leaves the stack's own network, which is then deleted.
            await cloud.untilDown();
            project.configure({ network: "default", subnetwork: "default" });
            const moved = await project.up().expectSuccess();

            expect(moved.output).toMatch(/gcp:compute:Instance trainer-vm updated/);
            expect(moved.output).not.toMatch(/replaced/);
            const left = before.filter((item) => !/^(sub)?network /.test(item));
            expect(left).toHaveLength(before.length - 2);
            expect(await cloud.inventory()).toEqual(left);
            await project.previewNoChanges("--refresh").expectSuccess();
            await project.destroy();

            expect(await cloud.inventory()).toEqual([]);
        },
        15 * MINUTE_MS,
    );
});
