import { TestVm, UNTIL_RELEASED } from "./helpers/vm";

const concurrently = test.concurrent;
/** A trainer that takes a moment to save its checkpoint. */
const SAVING = "trap 'echo saved; exit 0' TERM; echo begun; while :; do sleep 0.1; done";

describe("a run that is stopped early", () => {
    concurrently("is TIMED_OUT after its limit, lets the trainer save, and keeps the VM up for debugging", async () => {
        await TestVm.with({ maxRunSeconds: 10, debugSeconds: 600 }, async (vm) => {
            const booted = vm.boot({ trainer: SAVING });
            const status = await vm.until((one) => one.state === "TIMED_OUT");
            expect(status).toMatchObject({
                exitCode: 0,
                reason: expect.stringMatching(/^The run exceeded its limit of 10 s; raise maxRunMinutes/),
            });
            expect(await vm.log()).toBe("begun\nsaved\n");
            await vm.untilPrinted("the VM stays up for 600 s for debugging");
            expect(vm.isUp).toBe(true);
            vm.powerOff();
            expect((await booted).result).toBe("timeout");
        });
    });

    concurrently("is killed if it ignores SIGTERM", async () => {
        await TestVm.with({ maxRunSeconds: 10, timing: { stopGraceSeconds: 1 } }, async (vm) => {
            await vm.boot({ trainer: "trap '' TERM; echo deaf; while :; do sleep 0.1; done" });
            expect(await vm.status()).toMatchObject({ state: "TIMED_OUT", exitCode: 137 });
            expect(await vm.log()).toBe("deaf\n");
        });
    });

    concurrently("is INTERRUPTED by a preemption, keeps its log, and becomes attempt 2 at the next boot", async () => {
        await TestVm.with({ debugSeconds: 60 }, async (vm) => {
            const booted = vm.boot({ trainer: SAVING });
            await vm.until((status) => status.state === "RUNNING");
            vm.google.preempted = true;
            vm.shutDown();
            const { result } = await booted;
            expect(result).toBe("success");
            expect(await vm.status()).toMatchObject({
                state: "INTERRUPTED",
                interruptions: 0,
                reason: "Compute Engine preempted the VM; run pulumi up to resume",
                finishedAt: expect.any(String),
            });
            expect(await vm.log(1)).toBe("begun\nsaved\n");

            await vm.boot({ trainer: "echo again" });
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: 2, interruptions: 1, reason: null });
            expect(await vm.log(2)).toBe("again\n");
        });
    });

    concurrently("is INTERRUPTED if somebody stops the VM", async () => {
        await TestVm.with({}, async (vm) => {
            const booted = vm.boot({ trainer: SAVING });
            await vm.until((status) => status.state === "RUNNING");
            vm.shutDown();
            await booted;
            expect(await vm.status()).toMatchObject({
                state: "INTERRUPTED",
                reason: expect.stringContaining("The VM was stopped externally"),
            });
        });
    });

    concurrently(
        "is INTERRUPTED instead of SUCCEEDED if docker has created the container but not yet started it",
        async () => {
            await TestVm.with({}, async (vm) => {
                // The stub's parent is `timeout`, whose parent is the boot script.
                await vm.boot({ run: 'touch "$STUB_DIR/created"; kill -TERM $(ps -o ppid= -p $PPID); sleep 60' });
                expect(await vm.status()).toMatchObject({ state: "INTERRUPTED", exitCode: null });
            });
        },
    );

    concurrently("is INTERRUPTED if the VM is preempted during the pull", async () => {
        await TestVm.with({}, async (vm) => {
            const booted = vm.boot({ pull: "sleep 60" });
            await vm.until((status) => status.state === "PULLING");
            vm.google.preempted = true;
            vm.shutDown();
            await booted;
            expect(await vm.status()).toMatchObject({ state: "INTERRUPTED", exitCode: null });
        });
    });

    concurrently("is TIMED_OUT if Compute Engine's limit stops the VM because systemd's limit did not", async () => {
        // A limit of zero has always expired by the time the VM stops.
        await TestVm.with({ maxRunSeconds: 0, debugSeconds: 60 }, async (vm) => {
            vm.unitLimits = false;
            const booted = vm.boot({ trainer: SAVING });
            await vm.until((status) => status.state === "RUNNING");
            vm.shutDown();
            const { result } = await booted;
            expect(result).toBe("success");
            expect(await vm.status()).toMatchObject({ state: "TIMED_OUT" });
        });
    });

    concurrently("is TIMED_OUT if systemd's start limit ends a pull that the script did not end", async () => {
        await TestVm.with({}, async (vm) => {
            vm.dropIn = "[Service]\nTimeoutStartSec=15\n";
            const { result } = await vm.boot({ pull: "sleep 60" });
            expect(result).toBe("timeout");
            expect(await vm.status()).toMatchObject({
                state: "TIMED_OUT",
                reason: expect.stringMatching(/^The image was not pulled in time/),
            });
        });
    });

    concurrently("is FAILED, with its container stopped, if the script itself is killed", async () => {
        await TestVm.with({}, async (vm) => {
            const booted = vm.boot({ trainer: SAVING });
            await vm.until((status) => status.state === "RUNNING");
            await vm.killScript();
            const { result } = await booted;
            expect(result).toBe("signal");
            expect(await vm.status()).toMatchObject({
                state: "FAILED",
                reason: expect.stringContaining("The boot script ended early (systemd: signal, KILL)"),
            });
            expect(await vm.log()).toBe("begun\nsaved\n");
        });
    });

    concurrently("keeps the VM up after a failure if debugging is enabled, once everything is uploaded", async () => {
        await TestVm.with({ debugSeconds: 600 }, async (vm) => {
            const booted = vm.boot({ trainer: "echo bad; exit 3" });
            await vm.until((status) => status.state === "FAILED");
            expect(await vm.log()).toBe("bad\n");
            await vm.untilPrinted("the VM stays up for 600 s for debugging");
            expect(vm.isUp).toBe(true);
            vm.powerOff();
            await booted;
        });
    });

    concurrently("ends within its limits without a network, and prints the end of the log to the console", async () => {
        await TestVm.with({ uploadSeconds: 2 }, async (vm) => {
            const booted = vm.boot({ trainer: `${UNTIL_RELEASED}; echo lost; exit 3` });
            await vm.until((status) => status.state === "RUNNING");
            vm.google.disconnect();
            vm.release();
            const { result, console } = await booted;
            expect(result).toBe("exit-code");
            expect(console).toMatch(/the end of the log could not be uploaded .*\nlost\n/);
            expect(console).toMatch(/FAILED could not be written to gs:/);
            expect(await vm.status()).toMatchObject({ state: "RUNNING" });
        });
    });

    concurrently("keeps its token out of process arguments, and unreadable to other users", async () => {
        await TestVm.with({}, async (vm) => {
            const booted = vm.boot({ trainer: UNTIL_RELEASED });
            await vm.until((status) => status.state === "RUNNING");
            const [path, mode] = vm.tokenFile();
            expect(mode.toString(8)).toBe("600");
            expect(path).toBe("/run/gcp-trainer/token-header");
            vm.release();
            await booted;
        });
    });
});
