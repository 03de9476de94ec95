import { execFile, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { containerName, MACHINE_IMAGE } from "../../../../emulator/src/vm/machine-runtime";
import { EmulatedVm } from "../../../boot/helpers/emulated-vm";
import { BUSYBOX } from "./trainer-images";

const run = promisify(execFile);

/** An instance that is a machine with a system of its own, for as long as `test` takes. */
export async function withMachine(test: (vm: EmulatedVm) => Promise<void>): Promise<void> {
    await EmulatedVm.with(0, test, "machine");
}

/** Runs a command in the machine of this emulator, which must be on. */
export async function inside(vm: EmulatedVm, ...command: string[]): Promise<string> {
    const { stdout } = await run("docker", ["exec", containerOf(vm), ...command]);
    return stdout;
}

/** What a failing host does: everything is gone at once, and nobody asked for it. */
export async function killMachine(vm: EmulatedVm): Promise<void> {
    await run("docker", ["kill", containerOf(vm)]);
}

function containerOf(vm: EmulatedVm): string {
    const folder = path.join(vm.backend.dataDir, "vms");
    const [name = ""] = readdirSync(folder);
    return containerName(path.join(folder, name));
}

/** A change of user-data that adds files to it, written after all others. */
export function addFiles(files: Readonly<Record<string, string>>): (userData: string) => string {
    return (userData) => {
        const config = parse(userData) as { write_files: object[] };
        for (const [path, content] of Object.entries(files)) {
            config.write_files.push({ path, content });
        }
        return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
    };
}

/** Why machines cannot run here; undefined when they can. */
function reasonToSkip(): string | undefined {
    if (spawnSync("docker", ["info"], { stdio: "ignore" }).status !== 0) {
        return "no Docker engine answers (docker info)";
    }
    if (spawnSync("docker", ["image", "inspect", MACHINE_IMAGE], { stdio: "ignore" }).status !== 0) {
        return `the image ${MACHINE_IMAGE} is missing (.ci/machine-image.sh)`;
    }
    return existsSync(BUSYBOX) ? undefined : `${BUSYBOX} is missing (apt-get install busybox-static)`;
}

/** `describe` for tests with machines; where none can run they are skipped and the title says why. */
export function describeWithMachines(title: string, tests: () => void): void {
    const reason = reasonToSkip();
    if (reason === undefined) {
        describe(title, tests);
    } else {
        describe.skip(`${title} [skipped: ${reason}]`, tests);
    }
}
