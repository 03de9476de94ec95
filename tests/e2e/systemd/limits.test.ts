import { addFiles, describeWithSystemd, withSystemdVm } from "./helpers/systemd-vm";
import { pushShellTrainer } from "./helpers/trainer-images";

const DROP_IN = "/etc/systemd/system/gcp-trainer.service.d/60-test.conf";
/** Compute Engine's limit, which is longer than anything else in these tests. */
const LIMIT_SECONDS = 3600;
/** A port on which nothing responds. */
const SILENT_PORT = 5999;

describeWithSystemd("a VM with the systemd runtime at its time limit", () => {
    test.concurrent("powers off at the run's limit, without relying on Compute Engine's limit", async () => {
        await withSystemdVm(async (vm) => {
            await vm.create(await pushShellTrainer(vm, "echo begun; sleep 1000"), { maxRunSeconds: 3 });
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({
                state: "TIMED_OUT",
                reason: expect.stringContaining("The run exceeded its limit of 3 s"),
            });
        });
    });

    test.concurrent("is stopped at Compute Engine's limit, without relying on the unit's limit", async () => {
        await withSystemdVm(async (vm) => {
            const image = await pushShellTrainer(vm, "echo begun; sleep 1000");
            const unlimited = "[Service]\nTimeoutStartSec=infinity\nRuntimeMaxSec=infinity\nTimeoutStopSec=infinity\n";
            const timers = jest.spyOn(globalThis, "setTimeout");
            const options = { change: addFiles({ [DROP_IN]: unlimited }), maxRunDurationSeconds: LIMIT_SECONDS };
            await vm.create(image, { maxRunSeconds: 1 }, options);
            await vm.untilSays("RUNNING");
            const limits = timers.mock.calls.filter(([, delayMs]) => delayMs === LIMIT_SECONDS * 1000);
            timers.mockRestore();
            expect(limits).toHaveLength(1);
            // The limit is a timer in this process. The test lets it fire only now, when the VM has finished booting.
            limits[0]?.[0]();
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({
                state: "TIMED_OUT",
                reason: expect.stringContaining("The run exceeded its limit of 1 s"),
            });
        });
    });

    test.concurrent("powers off after the pull limit if the registry never responds", async () => {
        await withSystemdVm(async (vm) => {
            const image = `127.0.0.1:${SILENT_PORT}/project/trainer/trainer@sha256:${"0".repeat(64)}`;
            const files = {
                "/etc/systemd/system/silent.socket": `[Socket]\nListenStream=127.0.0.1:${SILENT_PORT}\n`,
                "/etc/systemd/system/silent.service": "[Service]\nExecStart=/bin/sleep infinity\n",
                [DROP_IN]: "[Unit]\nWants=silent.socket\nAfter=silent.socket\n",
            };
            await vm.create(image, { pullSeconds: 3 }, { change: addFiles(files) });
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({
                state: "TIMED_OUT",
                exitCode: null,
                reason: expect.stringContaining("The image was not pulled within 3 s"),
            });
        });
    });
});
