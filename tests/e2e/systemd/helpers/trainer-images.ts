import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { EmulatedVm } from "../../../boot/helpers/emulated-vm";

const run = promisify(execFile);

/** The build must be static, because the image contains nothing but the script. */
export const BUSYBOX = "/usr/bin/busybox";
const COMMANDS = ["sh", "cat", "echo", "grep", "sed", "sleep", "tail", "wget"];

/**
 * `put NAME TEXT` writes an object in the run's folder, and `has NAME` checks whether one exists. Both use HTTP, as a
 * trainer does.
 */
const PRELUDE = `
path=\${AIP_MODEL_DIR#gs://}
bucket=\${path%%/*}
run=\${path#*/}
run=\${run%model/}
name() { echo "$run$1" | sed 's|/|%2F|g'; }
put() {
    wget -q -O /dev/null --post-data "$2" \\
        "$STORAGE_EMULATOR_HOST/upload/storage/v1/b/$bucket/o?uploadType=media&name=$(name "$1")"
}
has() { wget -q -O /dev/null "$STORAGE_EMULATOR_HOST/storage/v1/b/$bucket/o/$(name "$1")"; }
`;

/**
 * Builds and pushes the image for a trainer that is a single shell script, and removes it from the host's engine.
 * Returns the image reference by digest.
 */
export async function pushShellTrainer(vm: EmulatedVm, script: string): Promise<string> {
    return await withFolder(async (folder) => {
        await mkdir(path.join(folder, "root/bin"), { recursive: true });
        await copyFile(BUSYBOX, path.join(folder, "root/bin/busybox"));
        await Promise.all(COMMANDS.map((name) => symlink("busybox", path.join(folder, "root/bin", name))));
        await writeFile(path.join(folder, "root/trainer.sh"), PRELUDE + script);
        await run("tar", ["-C", path.join(folder, "root"), "-cf", path.join(folder, "image.tar"), "."]);
        const entry = 'ENTRYPOINT ["/bin/sh", "/trainer.sh"]';
        const { stdout } = await run("docker", ["import", "--change", entry, path.join(folder, "image.tar")]);
        const id = stdout.trim();
        try {
            return await pushImage(vm, id);
        } finally {
            await run("docker", ["image", "rm", "--force", id]);
        }
    });
}

/**
 * Pushes an image from the host's engine to the emulator's registry, as docker does. Returns the image reference by
 * digest.
 */
export async function pushImage(vm: EmulatedVm, image: string): Promise<string> {
    const reference = `${vm.registryUri}/trainer:test`;
    return await withFolder(async (folder) => {
        // The credentials are stored in the test's own file instead of the developer's.
        const auth = Buffer.from("oauth2accesstoken:developer").toString("base64");
        const host = vm.registryUri.split("/")[0] ?? "";
        await writeFile(path.join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
        await run("docker", ["tag", image, reference]);
        try {
            const { stdout } = await run("docker", ["--config", folder, "push", reference]);
            const digest = /digest: (sha256:[0-9a-f]{64})/.exec(stdout)?.[1];
            if (digest === undefined) {
                throw new Error(`docker push printed no digest: ${stdout}`);
            }
            return `${vm.registryUri}/trainer@${digest}`;
        } finally {
            await run("docker", ["image", "rm", reference]);
        }
    });
}

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(path.join(tmpdir(), "trainer-image-"));
    try {
        return await work(folder);
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}
