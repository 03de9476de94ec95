import { setTimeout as sleep } from "node:timers/promises";
import type { EmulatedVm } from "../../boot/helpers/emulated-vm";
import { RUN_ID } from "../../boot/helpers/vm";
import { describeWithSystemd, inside, killVm, withSystemdVm } from "./helpers/systemd-vm";
import { pushShellTrainer } from "./helpers/trainer-images";
import { comeBack } from "./helpers/waiter";

/**
 * Rejects connections immediately. If packets were dropped, curl would wait 5 s for each, which would make the test
 * slow.
 */
const NO_NETWORK = "-I INPUT -d 169.254.169.254 -p tcp --dport 80 -j REJECT --reject-with tcp-reset";
/**
 * Number of the attempt in which the trainer ends immediately. In earlier attempts, it trains until it receives USR1.
 */
const LAST_START = 4;
const LONG_TRAINER = `
    start=1; while has checkpoints/$start; do start=$((start + 1)); done
    if [ $start = ${LAST_START} ]; then exit 0; fi
    trap 'exit 0' USR1
    put checkpoints/$start ready
    while :; do sleep 1 & wait; done`;

/** Waits until this attempt is training. */
async function untilTraining(vm: EmulatedVm, attempt: number): Promise<void> {
    await vm.untilThere(`runs/${RUN_ID}/checkpoints/${attempt}`);
    for (;;) {
        const status = await vm.status();
        if (status?.state === "RUNNING" && status.attempt === attempt) {
            return;
        }
        await sleep(50);
    }
}

describeWithSystemd("a VM with the systemd runtime that encounters errors", () => {
    test.concurrent("powers off if the image is not in the registry", async () => {
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

    test.concurrent("powers off if the trainer runs out of memory", async () => {
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

    test.concurrent("is off after an emulator restart, a network failure before the last upload or a host failure, and is restarted by the waiter", async () => {
        await withSystemdVm(async (vm) => {
            const maxAttempts = LAST_START + 1;
            await vm.create(await pushShellTrainer(vm, LONG_TRAINER), { uploadSeconds: 3, maxAttempts });
            await untilTraining(vm, 1);
            await vm.backend.restart();
            await vm.untilOff();

            await vm.startAgain();
            await untilTraining(vm, 2);
            expect(await vm.serialPort()).toContain(
                "emulator: the disk is empty: the emulator deleted the previous disk when it stopped",
            );
            await inside(vm, "iptables", ...NO_NETWORK.split(" "));
            await inside(vm, "docker", "kill", "--signal", "USR1", "gcp-trainer");
            await vm.untilOff();
            expect(await vm.serialPort()).toMatch(
                /gcp-trainer: the container ended with exit code 0[\s\S]*could not be written to gs:/,
            );
            expect(await vm.status()).toMatchObject({ state: "RUNNING", attempt: 2, finishedAt: null });

            const waiting = comeBack(vm, maxAttempts);
            const killing = untilTraining(vm, 3).then(() => killVm(vm));
            const [output] = await Promise.all([waiting, killing]);
            expect(output).toContain("attempt 2: interrupted. The VM iris-r-0123456789 is TERMINATED");
            expect(output).toContain("attempt 3: interrupted. The VM iris-r-0123456789 is TERMINATED");
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: LAST_START, interruptions: 3 });
        });
    });

    test.concurrent("can be stopped immediately after it starts", async () => {
        await withSystemdVm(async (vm) => {
            await vm.create(`${vm.registryUri}/trainer@sha256:${"0".repeat(64)}`);
            await vm.preempt();
            await vm.untilOff();
            expect(await vm.serialPort()).not.toContain("power lost");
        });
    });
});
