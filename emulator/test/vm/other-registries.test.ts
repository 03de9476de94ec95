import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const DIGEST = `sha256:${"a".repeat(64)}`;
const IMAGE_ID = `sha256:${"b".repeat(64)}`;
const IMAGE = `us-docker.pkg.dev/p/r/train@${DIGEST}`;

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "other-registries-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the VM's `docker pull` with a script in place of the engine. */
function pull(engine: string): { status: number | null; output: string; calls: string } {
    const docker = path.join(folder, "engine");
    writeFileSync(docker, `#!/bin/sh\necho "$*" >>"${folder}/calls"\n${engine}\n`);
    chmodSync(docker, 0o755);
    writeFileSync(path.join(folder, "calls"), "");
    const shim = path.join(__dirname, "../../src/vm/process/shims/docker.js");
    const { status, stdout, stderr } = spawnSync(process.execPath, [shim, "pull", IMAGE], {
        encoding: "utf8",
        env: {
            PATH: process.env.PATH,
            EMULATOR_RUNTIME: "docker",
            EMULATOR_VM_DIR: folder,
            EMULATOR_VM_ID: "vm",
            EMULATOR_DOCKER: docker,
            EMULATOR_HOST_PATH: process.env.PATH,
            EMULATOR_REGISTRY_PORT: "9010",
        },
    });
    return { status, output: stdout + stderr, calls: readFileSync(path.join(folder, "calls"), "utf8") };
}

const FOUND = `echo "${IMAGE_ID} other/name@${IMAGE_ID} ${IMAGE} "`;

describe("docker pull in a VM with the docker runtime, for an image in another registry,", () => {
    it("uses the image if the engine has it", () => {
        const { status, output, calls } = pull(FOUND);
        expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining(`Digest: ${DIGEST}`) });
        expect(calls).not.toContain("pull");
        const images = JSON.parse(readFileSync(path.join(folder, "docker/images.json"), "utf8"));
        expect(images[IMAGE]).toEqual({ reference: IMAGE, digest: DIGEST, imageId: IMAGE_ID });
    });

    it("lets the engine pull the image if the engine does not have it", () => {
        const { status, calls } = pull(
            `case $1 in pull) : >"${folder}/pulled" ;; image) [ -e "${folder}/pulled" ] && ${FOUND} ;; esac`,
        );
        expect(status).toBe(0);
        expect(calls.split("\n")).toContain(`pull --quiet ${IMAGE}`);
    });

    it("fails with the engine's reason if the engine cannot pull it", () => {
        const { status, output } = pull("echo 'denied: no such repository' >&2; exit 1");
        expect({ status, output }).toEqual({
            status: 1,
            output: "Error response from daemon: denied: no such repository\n",
        });
    });
});
