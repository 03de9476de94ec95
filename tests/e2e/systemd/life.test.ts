import { RUN_ID } from "../../boot/helpers/vm";
import { describeWithSystemd, withSystemdVm } from "./helpers/systemd-vm";
import { pushShellTrainer } from "./helpers/trainer-images";

// A boot spends most of its time waiting, so the tests are concurrent. Each test boots its VM as rarely as possible.
describeWithSystemd("a VM with real systemd, cloud-init and docker", () => {
    test.concurrent("waits for late grants, trains, uploads and powers off, and does not train when it is started again", async () => {
        await withSystemdVm(async (vm) => {
            await vm.backend.revoke();
            const image = await pushShellTrainer(vm, 'put model/model.json "$1" && echo trained');
            await vm.create(image, { timing: { grantSeconds: 60 } });
            await vm.untilPrinted(/gcp-trainer: HTTP 403 from .*trying again/);
            await vm.backend.grant();
            await vm.untilOff();
            const serial = await vm.serialPort();
            expect(serial).toContain("gcp-trainer: SUCCEEDED");
            const status = await vm.status();
            expect(status).toMatchObject({ state: "SUCCEEDED", exitCode: 0, attempt: 1 });
            expect(String(await vm.backend.bucket.get(`runs/${RUN_ID}/model/model.json`))).toBe("--name=a b");
            expect(String(await vm.backend.bucket.get(`runs/${RUN_ID}/log/1/000000000000.txt`))).toBe("trained\n");
            const listing = JSON.parse(String(await vm.backend.bucket.get(`runs/${RUN_ID}/objects.json`)));
            expect(listing.pages[0].items[0]).toMatchObject({ name: `runs/${RUN_ID}/model/model.json`, size: "10" });

            await vm.startAgain();
            await vm.untilOff();
            expect(await vm.status()).toEqual(status);
            expect((await vm.serialPort()).slice(serial.length)).toContain(
                `gcp-trainer: ${RUN_ID} is already SUCCEEDED; nothing to do`,
            );
        });
    });

    test.concurrent("is preempted during training, resumes from the checkpoint, and reports the trainer's exit code", async () => {
        const trainer = `
            if has checkpoints/2; then put model/model.json resumed; echo no such column; exit 3; fi
            trap 'put checkpoints/2 saved; exit 0' TERM
            put checkpoints/1 begun
            while :; do sleep 1 & wait; done`;
        await withSystemdVm(async (vm) => {
            await vm.create(await pushShellTrainer(vm, trainer), { timing: { stopGraceSeconds: 10 } });
            await vm.untilThere(`runs/${RUN_ID}/checkpoints/1`);
            await vm.preempt();
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({
                state: "INTERRUPTED",
                attempt: 1,
                reason: expect.stringContaining("preempted"),
            });
            expect(String(await vm.backend.bucket.get(`runs/${RUN_ID}/checkpoints/2`))).toBe("saved");

            await vm.startAgain();
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                attempt: 2,
                interruptions: 1,
                exitCode: 3,
                reason: expect.stringContaining("exit code 3"),
            });
            expect(String(await vm.backend.bucket.get(`runs/${RUN_ID}/model/model.json`))).toBe("resumed");
            expect(String(await vm.backend.bucket.get(`runs/${RUN_ID}/log/2/000000000000.txt`))).toBe(
                "no such column\n",
            );
        });
    });
});
