import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { BootConfig } from "../../infra/user-data";
import { runLayout } from "../../run/layout";
import { BUSYBOX } from "../e2e/systemd/helpers/trainer-images";
import { BASE_IMAGES, describeWithDocker } from "../helpers/docker";
import { EmulatedVm } from "./helpers/emulated-vm";
import { RUN_ID } from "./helpers/vm";

const run = promisify(execFile);
const MODEL = runLayout(RUN_ID).model;

/**
 * A trainer that attempts the attacks of a compromised trainer, and uploads a list of the successful ones as its model.
 */
const TRAINER = `
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const works = (attempt) => { try { attempt(); return true; } catch { return false; } };
const busybox = (...words) => execFileSync("/busybox", words, { stdio: ["ignore", "pipe", "ignore"] }).toString();
const writes = (folder) => works(() => fs.writeFileSync(folder + "/probe", "x"));
const status = fs.readFileSync("/proc/self/status", "utf8");

// Each subshell waits on a pipe that nobody writes to. The shell exits once it can no longer fork.
const forks = 'mkfifo /tmp/pipe; i=0; while [ $i -lt 20000 ]; do (read _ </tmp/pipe) & i=$((i + 1)); echo $i >/tmp/forks; done';
const result = {
    uid: process.getuid(),
    capabilities: /CapBnd:\\s*(\\w+)/.exec(status)[1],
    canMount: works(() => busybox("mount", "-t", "tmpfs", "none", "/tmp")),
    canMakeDevices: works(() => busybox("mknod", "/tmp/disk", "b", "8", "0")),
    canChangeRoot: works(() => busybox("chroot", "/", "/busybox", "true")),
    canChangeOwner: works(() => { fs.writeFileSync("/tmp/own", ""); fs.chownSync("/tmp/own", 1, 1); }),
    canBecomeAnotherUser: works(() => execFileSync("/busybox", ["true"], { uid: 1, gid: 1 })),
    canBecomeRoot: execFileSync("/usr/bin/as-root", ["node", "-p", "process.geteuid()"]).toString().trim() === "0",
    seesOtherProcesses: fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).length > 1,
    writes: Object.fromEntries(["/", "/usr/bin", "/home/nonroot", "/srv/app", "/tmp"].map((name) => [name, writes(name)])),
    keepsWorkingFolder: fs.existsSync("/srv/app/baked"),
    runsProgramsFromTmp: works(() => { fs.copyFileSync("/busybox", "/tmp/busybox"); execFileSync("/tmp/busybox", ["true"]); }),
    sharedMemoryMb: (({ bsize, blocks }) => (bsize * blocks) / 2 ** 20)(fs.statfsSync("/dev/shm")),
    forks: process.env.FORK === "1" && (works(() => execFileSync("/busybox", ["ash", "-c", forks], { stdio: "ignore" })), Number(fs.readFileSync("/tmp/forks", "utf8"))),
};
console.log(JSON.stringify(result));
const [, bucket, prefix] = /^gs:\\/\\/([^/]+)\\/(.*)$/.exec(process.env.AIP_MODEL_DIR);
const url = process.env.STORAGE_EMULATOR_HOST + "/upload/storage/v1/b/" + bucket + "/o?uploadType=media&name=";
fetch(url + encodeURIComponent(prefix + "result.json"), { method: "POST", body: JSON.stringify(result) })
    .then((response) => process.exit(response.ok ? 0 : 1));
`;

const DOCKERFILE = `FROM ${BASE_IMAGES.BUILD_IMAGE} AS root
COPY busybox trainer.js baked /srv/app/
RUN node -e 'const fs = require("fs"); fs.renameSync("/srv/app/busybox", "/busybox"); \\
    for (const name of ["/busybox", "/usr/bin/env"]) fs.chmodSync(name, 0o755); \\
    fs.copyFileSync("/usr/bin/env", "/usr/bin/as-root"); fs.chmodSync("/usr/bin/as-root", 0o4755); \\
    for (const name of ["/home/nonroot", "/srv/app"]) fs.chownSync(name, 65532, 65532)'
WORKDIR /srv/app
ENTRYPOINT ["node", "/srv/app/trainer.js"]
FROM root AS nonroot
USER 65532
`;

const CONFINED = {
    capabilities: "0000000000000000",
    canMount: false,
    canMakeDevices: false,
    canChangeRoot: false,
    canChangeOwner: false,
    canBecomeAnotherUser: false,
    seesOtherProcesses: false,
};

describeWithDocker("a trainer in the docker runtime", () => {
    const images: Record<string, string> = {};
    let confined: Promise<Record<string, unknown>>;
    let nonroot: Promise<Record<string, unknown>>;
    let writable: Promise<Record<string, unknown>>;

    beforeAll(async () => {
        if (!existsSync(BUSYBOX)) {
            throw new Error(`${BUSYBOX} is missing (apt-get install busybox-static)`);
        }
        const folder = await mkdtemp(path.join(tmpdir(), "confined-trainer-"));
        try {
            await copyFile(BUSYBOX, path.join(folder, "busybox"));
            await writeFile(path.join(folder, "trainer.js"), TRAINER);
            await writeFile(path.join(folder, "baked"), "");
            await writeFile(path.join(folder, "Dockerfile"), DOCKERFILE);
            for (const target of ["root", "nonroot"]) {
                const tag = `confined-trainer-${target}:${process.pid}`;
                await run("docker", ["build", "--quiet", "--target", target, "--tag", tag, folder]);
                images[target] = tag;
            }
        } finally {
            await rm(folder, { recursive: true, force: true });
        }
        // The VMs mostly wait, so they run at the same time.
        confined = train("root", { env: { FORK: "1" } });
        nonroot = train("nonroot", {});
        writable = train("root", { writableRoot: true });
        await Promise.allSettled([confined, nonroot, writable]);
    });
    afterAll(async () => {
        await run("docker", ["image", "rm", "--force", ...Object.values(images)]);
    });

    /** Trains with an image and returns the result that the trainer uploaded. */
    async function train(target: "root" | "nonroot", config: Partial<BootConfig>): Promise<Record<string, unknown>> {
        let result: Record<string, unknown> = {};
        await EmulatedVm.with(
            0,
            async (vm) => {
                const { stdout: id } = await run("docker", [
                    "image",
                    "inspect",
                    "--format",
                    "{{.Id}}",
                    images[target] ?? "",
                ]);
                const body = { image: `${vm.registryUri}/trainer`, engineImageId: id.trim() };
                const { image } = await vm.backend.post("/emulator/v1/images", body);
                await vm.create(String(image), { maxRunSeconds: 150, ...config });
                await vm.untilOff();
                expect(await vm.status()).toMatchObject({ state: "SUCCEEDED", exitCode: 0 });
                result = JSON.parse(String(await vm.backend.bucket.getBytes(`${MODEL}result.json`)));
            },
            "docker",
        );
        return result;
    }

    it("has no privileges as root, writes only to its folders, and cannot fork indefinitely", async () => {
        const { forks, sharedMemoryMb, ...result } = await confined;
        expect(result).toEqual({
            ...CONFINED,
            uid: 0,
            canBecomeRoot: true,
            // Without capabilities, root can write only to its own folders.
            writes: { "/": false, "/usr/bin": false, "/home/nonroot": false, "/srv/app": false, "/tmp": true },
            keepsWorkingFolder: true,
            runsProgramsFromTmp: true,
        });
        const limit = 256 * Math.max(16, availableParallelism());
        expect(forks).toBeGreaterThan(limit / 2);
        expect(forks).toBeLessThan(limit);
        expect(sharedMemoryMb).toBeGreaterThan(64);
    });

    it("running as another user, gains no privileges through a setuid program, and keeps its home and working folder", async () => {
        expect(await nonroot).toMatchObject({
            ...CONFINED,
            uid: 65532,
            canBecomeRoot: false,
            writes: { "/": false, "/usr/bin": false, "/home/nonroot": true, "/srv/app": true, "/tmp": true },
            keepsWorkingFolder: true,
            runsProgramsFromTmp: true,
        });
    });

    it("with writableRoot, can change its image's files, but still has no privileges", async () => {
        expect(await writable).toMatchObject({
            ...CONFINED,
            writes: { "/": true, "/usr/bin": true, "/tmp": true },
        });
    });

    it("would have more privileges with docker's defaults", async () => {
        const words = ["run", "--rm", "--network", "none", "--env", "AIP_MODEL_DIR=gs://none/"];
        const tries = async (target: string) =>
            JSON.parse((await run("docker", [...words, images[target] ?? ""]).catch((error) => error)).stdout);
        expect(await tries("root")).toMatchObject({
            canMakeDevices: true,
            canChangeRoot: true,
            canChangeOwner: true,
            canBecomeAnotherUser: true,
            writes: { "/": true, "/usr/bin": true },
            sharedMemoryMb: 64,
        });
        expect(await tries("nonroot")).toMatchObject({ canBecomeRoot: true });
    });
});
