import { EmulatedVm } from "./helpers/emulated-vm";
import { RUN_ID } from "./helpers/vm";

const concurrently = test.concurrent;

/** Writes an object as a trainer does: through the emulator's endpoint, as the VM's service account. */
const UPLOAD = `
const [, bucket, prefix] = /^gs:\\/\\/([^/]+)\\/(.*)$/.exec(process.env.AIP_MODEL_DIR);
const root = process.env.STORAGE_EMULATOR_HOST + "/upload/storage/v1/b/" + bucket + "/o?uploadType=media&name=";
const upload = async (name, body) => {
    const response = await fetch(root + encodeURIComponent(name), { method: "POST", body });
    if (!response.ok) throw new Error(await response.text());
};`;

describe("an emulated VM with the rendered user-data", () => {
    concurrently("trains, uploads and powers itself off, and does nothing when it is started again", async () => {
        await EmulatedVm.with(1000, async (vm) => {
            const image = await vm.pushTrainer(
                `${UPLOAD} upload(prefix + "model.json", JSON.stringify(process.argv.slice(2))).then(() => console.log("trained"))`,
            );
            await vm.create(image);
            await vm.untilOff();
            expect(await vm.serialPort()).toContain("gcp-trainer: SUCCEEDED");
            const status = await vm.status();
            expect(status).toMatchObject({ state: "SUCCEEDED", exitCode: 0, attempt: 1 });
            expect(String(await vm.backend.bucket.get(`runs/${RUN_ID}/model/model.json`))).toBe('["--name=a b"]');
            expect(String(await vm.backend.bucket.get(`runs/${RUN_ID}/log/1/000000000000.txt`))).toContain("trained\n");
            const listing = JSON.parse(String(await vm.backend.bucket.get(`runs/${RUN_ID}/objects.json`)));
            expect(listing.pages[0].items[0]).toMatchObject({ name: `runs/${RUN_ID}/model/model.json`, size: "14" });

            await vm.startAgain();
            await vm.untilOff();
            expect(await vm.status()).toEqual(status);
            expect(await vm.serialPort()).toContain(`gcp-trainer: ${RUN_ID} is already SUCCEEDED; nothing to do`);
        });
    });

    concurrently("is preempted, and continues as attempt 2 when it is started again", async () => {
        await EmulatedVm.with(0, async (vm) => {
            const checkpoint = `runs/${RUN_ID}/checkpoints/1`;
            const image = await vm.pushTrainer(
                `${UPLOAD} upload(prefix.replace("model/", "checkpoints/1"), "weights").then(() => setInterval(() => {}, 1000));`,
            );
            await vm.create(image);
            await vm.untilThere(checkpoint);
            await vm.preempt();
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({
                state: "INTERRUPTED",
                reason: expect.stringContaining("preempted"),
            });

            await vm.pushTrainer("process.exit(3)");
            await vm.startAgain();
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({ state: "FAILED", attempt: 2, interruptions: 1, exitCode: 3 });
            expect(String(await vm.backend.bucket.get(checkpoint))).toBe("weights");
        });
    });

    concurrently("reports that its image is missing", async () => {
        await EmulatedVm.with(0, async (vm) => {
            await vm.create(`${vm.registryUri}/trainer@sha256:${"0".repeat(64)}`);
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                exitCode: null,
                reason: expect.stringContaining("The image is not in the registry"),
            });
        });
    });
});
