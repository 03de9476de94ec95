import { RUN_ID } from "../../boot/helpers/vm";
import { addFiles, describeWithSystemd, inside, withSystemdVm } from "./helpers/systemd-vm";
import { pushShellTrainer } from "./helpers/trainer-images";

/** The largest total size of the values in a config: infra/config allows 64 KiB. */
const LARGEST_VALUE = "x".repeat(64 * 1024);

/** The mount point, type and sorted options of each file system. */
async function mountsOf(vm: Parameters<typeof inside>[0]): Promise<Map<string, string[]>> {
    const lines = (await inside(vm, "cat", "/proc/mounts")).trim().split("\n");
    return new Map(
        lines.map((line) => {
            const [, at = "", type = "", options = ""] = line.split(" ");
            return [at, [type, ...options.split(",")]];
        }),
    );
}

describeWithSystemd("a VM with the file systems of Container-Optimized OS", () => {
    test.concurrent("trains with the largest config while gcr.io is unreachable", async () => {
        const trainer = `
            cat /etc/resolv.conf
            echo "\${#LARGE} bytes"
            trap 'exit 0' USR1
            put checkpoints/1 ready
            while :; do sleep 1 & wait; done`;
        await withSystemdVm(async (vm) => {
            await vm.create(await pushShellTrainer(vm, trainer), { env: { LARGE: LARGEST_VALUE } });
            await vm.untilThere(`runs/${RUN_ID}/checkpoints/1`);
            const mounts = await mountsOf(vm);
            expect(mounts.get("/")).toContain("ro");
            for (const folder of ["/var", "/home", "/tmp", "/var/lib/gcp-trainer"]) {
                expect(mounts.get(folder)).toEqual(expect.arrayContaining(["rw", "nosuid", "nodev", "noexec"]));
            }
            expect(mounts.get("/var/lib/cloud")).toEqual(expect.arrayContaining(["tmpfs", "size=1024k"]));
            expect(mounts.get("/etc")).toEqual(expect.arrayContaining(["overlay", "rw"]));
            for (const folder of ["/etc", "/run", "/var/lib/cloud", "/var/lib/docker"]) {
                expect(mounts.get(folder)).not.toContain("noexec");
            }
            await inside(vm, "docker", "kill", "--signal", "USR1", "gcp-trainer");
            await vm.untilOff();
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
            // Docker must not pass on the stub's address, where a container cannot reach anything.
            const log = String(await vm.backend.bucket.get(`runs/${RUN_ID}/log/1/000000000000.txt`));
            expect(log).toMatch(/^nameserver 169\.254\.169\.254$/m);
            expect(log).toContain("65536 bytes");
        });
    });

    test.concurrent("powers off if the network and docker are not ready in time", async () => {
        const files = {
            "/etc/systemd/system/never.service":
                "[Unit]\nBefore=gcp-trainer-ready.target\n[Service]\nType=oneshot\nExecStart=/bin/sleep infinity\n",
            "/etc/systemd/system/gcp-trainer-ready.target.d/60-test.conf": "[Unit]\nWants=never.service\n",
        };
        await withSystemdVm(async (vm) => {
            const image = `${vm.registryUri}/trainer@sha256:${"0".repeat(64)}`;
            await vm.create(image, { timing: { readySeconds: 3 } }, { change: addFiles(files) });
            await vm.untilOff();
            const serial = await vm.serialPort();
            expect(serial).toContain("Powering off: job timed out");
            expect(serial).not.toContain("gcp-trainer: boot");
            expect(await vm.status()).toBeUndefined();
        });
    });
});
