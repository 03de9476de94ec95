import { execFile, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { containerName, SYSTEMD_IMAGE } from "../../../../emulator/src/vm/systemd/systemd-vm";
import { EmulatedVm } from "../../../boot/helpers/emulated-vm";
import { BUSYBOX } from "./trainer-images";

const run = promisify(execFile);

/** Runs `test` with an instance that uses the systemd runtime. */
export async function withSystemdVm(test: (vm: EmulatedVm) => Promise<void>): Promise<void> {
    await EmulatedVm.with(0, test, "systemd");
}

/** Runs a command inside this VM, which must be running. */
export async function inside(vm: EmulatedVm, ...command: string[]): Promise<string> {
    const { stdout } = await run("docker", ["exec", containerOf(vm), ...command]);
    return stdout;
}

/** Kills the VM as a failing host does: everything stops immediately. */
export async function killVm(vm: EmulatedVm): Promise<void> {
    await run("docker", ["kill", containerOf(vm)]);
}

function containerOf(vm: EmulatedVm): string {
    const folder = path.join(vm.backend.cloud.dataDir, "vms");
    const [name = ""] = readdirSync(folder);
    return containerName(path.join(folder, name));
}

/** Returns a function that adds files to user-data, after all others. */
export function addFiles(files: Readonly<Record<string, string>>): (userData: string) => string {
    return (userData) => {
        const config = parse(userData) as { write_files: object[] };
        for (const [path, content] of Object.entries(files)) {
            config.write_files.push({ path, content });
        }
        return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
    };
}

/** The reason the systemd runtime cannot run on this machine, or undefined if it can. */
function reasonToSkip(): string | undefined {
    if (spawnSync("docker", ["info"], { stdio: "ignore" }).status !== 0) {
        return "no Docker engine is reachable (docker info)";
    }
    if (spawnSync("docker", ["image", "inspect", SYSTEMD_IMAGE], { stdio: "ignore" }).status !== 0) {
        return `the image ${SYSTEMD_IMAGE} is missing (.ci/systemd-image.sh)`;
    }
    return existsSync(BUSYBOX) ? undefined : `${BUSYBOX} is missing (apt-get install busybox-static)`;
}

/** `describe` for systemd runtime tests. If it cannot run here, they are skipped, with the reason in the title. */
export function describeWithSystemd(title: string, tests: () => void): void {
    const reason = reasonToSkip();
    if (reason === undefined) {
        describe(title, tests);
    } else {
        describe.skip(`${title} [skipped: ${reason}]`, tests);
    }
}
