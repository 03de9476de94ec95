import { RUN_ID } from "../../boot/helpers/vm";
import { describeWithSystemd, inside, killVm, withSystemdVm } from "./helpers/systemd-vm";
import { pushShellTrainer } from "./helpers/trainer-images";
import { comeBack } from "./helpers/waiter";

/**
 * Rejects connections immediately. If packets were dropped, curl would wait 5 s for each, which would make the test
 * slow.
 */
const NO_NETWORK = "-I INPUT -d 169.254.169.254 -p tcp --dport 80 -j REJECT --reject-with tcp-reset";
/** A trainer that, on the first attempt, trains until it receives USR1 and, on the second, does not train at all. */
const LONG_TRAINER = `
    if has checkpoints/1; then exit 0; fi
    trap 'exit 0' USR1
    put checkpoints/1 ready
    while :; do sleep 1 & wait; done`;

describeWithSystemd("a VM with the systemd runtime in trouble", () => {
    it("is off if the image is not in the registry", async () => {
        await withSystemdVm(async (vm) => {
            await vm.create(`${vm.registryUri}/trainer@sha256:${"0".repeat(64)}`);
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                exitCode: null,
                reason: expect.stringContaining("The image is not in the registry"),
            });
        });
    });

    it("is off if the trainer runs out of memory", async () => {
        await withSystemdVm(async (vm) => {
            const image = await pushShellTrainer(vm, "exec tail /dev/zero");
            await vm.create(image, {}, { machineType: "e2-micro" });
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                exitCode: 137,
                reason: expect.stringContaining("The trainer ran out of memory (limit 512 MiB"),
            });
        });
    });

    it("is off if the network fails before the last upload; the waiter reports INTERRUPTED and restarts it", async () => {
        await withSystemdVm(async (vm) => {
            await vm.create(await pushShellTrainer(vm, LONG_TRAINER), { uploadSeconds: 3 });
            await vm.untilThere(`runs/${RUN_ID}/checkpoints/1`);
            await vm.untilSays("RUNNING");
            await inside(vm, "iptables", ...NO_NETWORK.split(" "));
            await inside(vm, "docker", "kill", "--signal", "USR1", "gcp-trainer");
            await vm.untilOff();
            expect(await vm.serialPort()).toMatch(
                /gcp-trainer: the container ended with exit code 0[\s\S]*could not be written to gs:/,
            );
            expect(await vm.status()).toMatchObject({ state: "RUNNING", finishedAt: null });
            expect(await comeBack(vm)).toContain("attempt 1: interrupted. The VM iris-r-0123456789 is TERMINATED");
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: 2, interruptions: 1 });
        });
    });

    it("is off if its host fails; the waiter reports INTERRUPTED and restarts it", async () => {
        await withSystemdVm(async (vm) => {
            await vm.create(await pushShellTrainer(vm, LONG_TRAINER));
            await vm.untilThere(`runs/${RUN_ID}/checkpoints/1`);
            await vm.untilSays("RUNNING");
            await killVm(vm);
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({ state: "RUNNING", finishedAt: null });
            expect(await comeBack(vm)).toContain("attempt 1: interrupted. The VM iris-r-0123456789 is TERMINATED");
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: 2, interruptions: 1 });
        });
    });

    it("is off after a restart of the emulator, and continues with an empty disk when it is started again", async () => {
        await withSystemdVm(async (vm) => {
            await vm.create(await pushShellTrainer(vm, LONG_TRAINER));
            await vm.untilThere(`runs/${RUN_ID}/checkpoints/1`);
            await vm.backend.restart();
            await vm.untilOff();
            await vm.startAgain();
            await vm.untilOff();
            expect(await vm.serialPort()).toContain(
                "emulator: the disk is empty: the emulator deleted the previous disk when it stopped",
            );
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: 2, interruptions: 1 });
        });
    });

    it("is off if it is stopped immediately after it starts", async () => {
        await withSystemdVm(async (vm) => {
            await vm.create(`${vm.registryUri}/trainer@sha256:${"0".repeat(64)}`);
            await vm.preempt();
            await vm.untilOff();
            expect(await vm.serialPort()).not.toContain("power lost");
        });
    });
});
