import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { GuestScript, RunningScript } from "../guest/guest";

const run = promisify(execFile);

/** The units that a script on Container-Optimized OS can rely on. */
const NEEDED = ["docker.service", "emulator-vm.socket", "emulator-api.socket"];
const POLL_MS = 200;

/** A running VM with systemd. */
export interface SystemdMachine {
    /** Path of the docker command. */
    readonly docker: string;
    /** Name of the VM's container. */
    readonly container: string;
    /** Folder on this machine that the VM sees as /emulator. */
    readonly folder: string;
}

/**
 * Runs a script as a transient unit, once docker and the network have started.
 * @param isOn tests whether the VM still has power
 * @throws Error if the VM loses power before docker and the network have started
 */
export async function runScript(
    script: GuestScript,
    machine: SystemdMachine,
    isOn: () => boolean,
): Promise<RunningScript> {
    await untilReady(machine, isOn);
    const name = `script-${randomUUID()}`;
    writeFileSync(path.join(machine.folder, name), script.text, { mode: 0o700 });
    const [, program = "/bin/sh", argument] = /^#!\s*(\S+)[ \t]*(.*)/.exec(script.text) ?? [];
    const words = [program, ...(argument === undefined || argument.trim() === "" ? [] : [argument.trim()])];
    const variables = Object.entries(script.environment).map(([key, value]) => `--setenv=${key}=${value}`);
    const options = ["--quiet", "--wait", "--pipe", "--collect", `--unit=${name}`, ...variables];
    const child = spawn(
        machine.docker,
        ["exec", machine.container, "systemd-run", ...options, "--", ...words, `/emulator/${name}`],
        { stdio: ["ignore", "pipe", "pipe"] },
    );
    for (const stream of ["stdout", "stderr"] as const) {
        createInterface({ input: child[stream] }).on("line", (line) => script.onLine(line, stream));
    }
    const closed = once(child, "close") as Promise<[number | null]>;
    return {
        exit: closed.then(([code]) => (isOn() ? (code ?? 1) : undefined)),
        // If the unit has ended in the meantime, there is nothing to kill.
        kill: () =>
            void run(machine.docker, ["exec", machine.container, "systemctl", "kill", "--signal=KILL", name]).catch(
                () => undefined,
            ),
    };
}

async function untilReady({ docker, container }: SystemdMachine, isOn: () => boolean): Promise<void> {
    for (;;) {
        if (!isOn()) {
            throw new Error("the VM is off");
        }
        try {
            await run(docker, ["exec", container, "systemctl", "is-active", "--quiet", ...NEEDED]);
            return;
        } catch {
            // A unit is not active yet, or systemd does not answer yet.
            await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        }
    }
}
