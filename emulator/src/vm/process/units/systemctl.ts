import type { CommandResult } from "../../guest/guest";
import type { ServiceManager } from "./service-manager";
import { UnitError } from "./unit-file";

const OPTIONS = ["--no-block", "--quiet", "-q"];

/**
 * Runs `systemctl` in the emulated VM: start, stop, is-active, daemon-reload, is-system-running, poweroff.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemctl.html
 */
export async function systemctl(
    args: readonly string[],
    manager: ServiceManager,
    powerOff: () => void,
    isStopping: () => boolean,
): Promise<CommandResult> {
    const options = args.filter((arg) => arg.startsWith("-"));
    const [verb = "", ...names] = args.filter((arg) => !arg.startsWith("-"));
    const unknown = options.find((option) => !OPTIONS.includes(option));
    if (unknown !== undefined) {
        return failed(1, `systemctl: option '${unknown}' is not supported by the emulated VM`);
    }
    const units = names.map((name) => (name.includes(".") ? name : `${name}.service`));
    switch (verb) {
        case "daemon-reload":
            // Units are read at every start, so there is nothing to reload.
            return done();
        case "poweroff":
            powerOff();
            return done();
        case "is-system-running":
            return isStopping() ? { exitCode: 1, stdout: "stopping\n", stderr: "" } : done("running\n");
        case "is-active": {
            const states = units.map((name) => manager.state(name));
            return { exitCode: states.includes("active") ? 0 : 3, stdout: `${states.join("\n")}\n`, stderr: "" };
        }
        case "start":
            return await start(units, manager, options.includes("--no-block"));
        case "stop": {
            const stopped = Promise.all(units.map((name) => manager.stop(name)));
            if (!options.includes("--no-block")) {
                await stopped;
            }
            return done();
        }
        default:
            return failed(1, `Unknown command verb '${verb}' (not supported by the emulated VM).`);
    }
}

async function start(units: readonly string[], manager: ServiceManager, noBlock: boolean): Promise<CommandResult> {
    for (const name of units) {
        try {
            const service = manager.start(name);
            if (!noBlock && !(await service.started)) {
                return failed(1, `Job for ${name} failed (result: ${service.result}).`);
            }
        } catch (error) {
            if (error instanceof UnitError) {
                return failed(
                    error.message.endsWith("not found.") ? 5 : 1,
                    `Failed to start ${name}: ${error.message}`,
                );
            }
            throw error;
        }
    }
    return done();
}

function done(stdout = ""): CommandResult {
    return { exitCode: 0, stdout, stderr: "" };
}

function failed(exitCode: number, message: string): CommandResult {
    return { exitCode, stdout: "", stderr: `${message}\n` };
}
