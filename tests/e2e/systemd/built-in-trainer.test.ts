import { readFileSync } from "node:fs";
import path from "node:path";
import { parseModel } from "../../../trainer/lib/model";
import { DATASET, RUN_ID } from "../../boot/helpers/vm";
import { BASE_IMAGE_ARGS, describeWithDocker, docker } from "../../helpers/docker";
import { describeWithSystemd, withSystemdVm } from "./helpers/systemd-vm";
import { pushImage } from "./helpers/trainer-images";

const PROJECT = path.join(__dirname, "../../..");
const IMAGE = "gcp-trainer-test/trainer-on-systemd:local";

describeWithSystemd("a VM with the systemd runtime", () => {
    describeWithDocker("with the built-in trainer's image", () => {
        beforeAll(() => {
            docker("build", "--network", "host", ...BASE_IMAGE_ARGS, "--tag", IMAGE, path.join(PROJECT, "trainer"));
        });
        afterAll(() => {
            docker("image", "rm", "--force", IMAGE);
        });

        it("trains on iris in docker's own network, with Google's client and the metadata server's address", async () => {
            await withSystemdVm(async (vm) => {
                await vm.backend.bucket.put(DATASET, readFileSync(path.join(PROJECT, "data/iris.csv"), "utf8"));
                await vm.create(await pushImage(vm, IMAGE), { args: ['--dropColumns=["Id"]', "--target=Species"] });
                await vm.untilOff();
                expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", exitCode: 0, reason: null });
                const model = parseModel(String(await vm.backend.bucket.get(`runs/${RUN_ID}/model/model.json`)));
                expect(model.task === "classification" && model.classes).toHaveLength(3);
                expect(await vm.backend.bucket.list(`runs/${RUN_ID}/model/`)).toContain(
                    `runs/${RUN_ID}/model/metrics.json`,
                );
            });
        });
    });
});
