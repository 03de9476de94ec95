import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { CloudConfigError, parseCloudConfig } from "./cloud-config";
import { type Containers, EngineContainers, ProcessContainers } from "./containers";
import { MachineFiles } from "./machine-files";
import { killByEnvironment, killGroups } from "./process-tree";
import { SerialPort } from "./serial-port";
import { type ManagerHost, ServiceManager } from "./service-manager";
import { type CommandResult, systemctl } from "./systemctl";
import { UnitError } from "./unit-file";
import { startProcess } from "./unit-process";
import type { VmRuntime } from "./vm-runtime";

/** What a VM is made of. */
export interface MachineOptions {
    /** Folder of the VM, absolute; made if missing. */
    readonly dir: string;
    /** `host:port` of the VM's own endpoint for metadata and storage. */
    readonly endpoint: string;
    readonly runtime: "process" | "docker";
    /** File that tells the trainer folder of an image built for the process runtime: contract of `push-image.ts`. */
    readonly imagesFile: string;
    /** Called when the VM has powered itself off, once for each boot. */
    readonly onPoweredOff: () => void;
}

/**
 * A VM of the runtimes `process` and `docker`: user-data, a service manager and a serial port, made of processes of this
 * machine. Not a sandbox: its programs run with the developer's rights.
 */
export class Machine implements VmRuntime {
    readonly serial: SerialPort;
    readonly #files: MachineFiles;
    readonly #containers: Containers;
    readonly #id: string;
    #power: "off" | "on" | "stopping" = "off";
    #manager: ServiceManager | undefined;
    #bootGroups = new Set<number>();
    #booting: Promise<void> = Promise.resolve();

    readonly #options: MachineOptions;

    constructor(options: MachineOptions) {
        this.#options = options;

        this.#files = new MachineFiles(options.dir);
        this.serial = new SerialPort(path.join(options.dir, "serial.log"));
        this.#id = machineId(options.dir);
        this.#containers =
            options.runtime === "docker"
                ? new EngineContainers(findDocker(), this.#id)
                : new ProcessContainers(options.dir);
    }

    /** Switches the VM on with this user-data; what it runs goes on in the background. */
    async boot(userData: string): Promise<void> {
        await this.#killEverything();
        this.serial.powerOn();
        this.serial.write("kernel", `Linux version (emulated, ${this.#options.runtime} runtime)`);
        this.#power = "on";
        this.#bootGroups = new Set();
        this.#manager = new ServiceManager(this.#host());
        this.#booting = this.#cloudInit(userData);
    }

    /** The ACPI power button: an orderly shutdown, as long as it takes. */
    pressPowerButton(): void {
        if (this.#power === "on") {
            this.serial.write("systemd-logind[1]", "Power key pressed short. Powering off...");
            this.#powerOff("orderly");
        }
    }

    /** Cuts the power: everything dies at once. `onPoweredOff` is not called. */
    async cutPower(): Promise<void> {
        if (this.#power !== "off") {
            this.#power = "off";
            this.serial.write("kernel", "power lost");
        }
        await this.#killEverything();
    }

    /** Cuts the power and leaves nothing outside of the VM's folder: for the end of the emulator. */
    async release(): Promise<void> {
        await this.cutPower();
        await this.#containers.remove();
    }

    /** Deletes the VM with its files and containers. */
    async remove(): Promise<void> {
        await this.release();
        rmSync(this.#options.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    }

    /** Runs `systemctl` inside. */
    async systemctl(args: readonly string[]): Promise<CommandResult> {
        if (this.#manager === undefined) {
            return { exitCode: 1, stdout: "", stderr: "System has not been booted with systemd as init system.\n" };
        }
        return await systemctl(
            args,
            this.#manager,
            () => this.#powerOff("orderly"),
            () => this.#power === "stopping",
        );
    }

    async #cloudInit(userData: string): Promise<void> {
        if (userData === "") {
            this.serial.write("cloud-init[2]", "no user-data");
            return;
        }
        try {
            const config = parseCloudConfig(userData);
            this.#files.format();
            for (const file of config.writeFiles) {
                this.#files.write(file);
            }
            this.#files.addEnvironment("50-emulator.conf", {
                STORAGE_EMULATOR_HOST: `http://${this.#options.endpoint}`,
                GCE_METADATA_HOST: this.#options.endpoint,
            });
            this.serial.write("cloud-init[2]", `wrote ${config.writeFiles.length} files`);
            for (const command of config.runCommands) {
                await this.#runCommand(command);
            }
            this.serial.write("cloud-init[2]", "finished");
        } catch (error) {
            const known = error instanceof CloudConfigError || error instanceof UnitError;
            const text = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : error;
            this.serial.write("cloud-init[2]", `ERROR: user-data was not applied: ${text}`);
        }
    }

    /** As cloud-init does: a command that fails is reported, and the next one runs. */
    async #runCommand(command: string | readonly string[]): Promise<void> {
        if (this.#power !== "on") {
            return;
        }
        const words = typeof command === "string" ? ["sh", "-c", command] : command;
        const [program = "", ...args] = words.map((word) =>
            this.#files.ownPaths.has(word) ? this.#files.place(word) : word,
        );
        const child = startProcess({
            program: this.#files.resolveProgram(program),
            args,
            cwd: this.#files.root,
            env: this.#environment(),
            onLine: (line) => this.serial.write("cloud-init[2]", line),
        });
        if (child.pid !== undefined) {
            this.#bootGroups.add(child.pid);
        }
        const exit = await child.exit;
        if (exit.status !== 0) {
            this.serial.write("cloud-init[2]", `runcmd ${JSON.stringify(command)} failed: ${exit.code} ${exit.status}`);
        }
    }

    #powerOff(how: "orderly" | "force"): void {
        if (this.#power !== "on") {
            return;
        }
        this.#power = "stopping";
        // Runs beside whoever asked for it, and reports its own failures.
        void this.#shutDown(how);
    }

    async #shutDown(how: "orderly" | "force"): Promise<void> {
        if (how === "orderly") {
            this.serial.write("systemd[1]", "Reached target poweroff.target - System Power Off.");
            await this.#manager?.stopAll();
        }
        if (this.#power !== "stopping") {
            return;
        }
        await this.#killEverything();
        this.serial.write("kernel", "reboot: Power down");
        this.#power = "off";
        this.#options.onPoweredOff();
    }

    async #killEverything(): Promise<void> {
        await this.#manager?.kill();
        killGroups(this.#bootGroups, "SIGKILL");
        await this.#containers.powerOff();
        killByEnvironment("EMULATOR_MACHINE_DIR", this.#options.dir);
        await this.#booting;
    }

    #host(): ManagerHost {
        return {
            env: this.#environment(),
            root: this.#files.root,
            ownPaths: this.#files.ownPaths,
            place: (path) => this.#files.place(path),
            resolveProgram: (program) => this.#files.resolveProgram(program),
            readUnit: (name) => this.#files.readUnit(name),
            powerOff: (how) => this.#powerOff(how),
            log: (source, line, console) => {
                if (console) {
                    this.serial.write(source, line);
                }
            },
        };
    }

    /** Environment of every process of the VM; EMULATOR_ variables tell the shims where they are. */
    #environment(): Record<string, string> {
        const host = process.env;
        return {
            PATH: this.#files.searchPath(),
            EMULATOR_MACHINE_DIR: this.#options.dir,
            EMULATOR_MACHINE_ID: this.#id,
            EMULATOR_MACHINE_CONTROL: `http://${this.#options.endpoint}/emulator/v1/machine`,
            EMULATOR_RUNTIME: this.#options.runtime,
            EMULATOR_IMAGES: this.#options.imagesFile,
            EMULATOR_HOST_PATH: host.PATH ?? "",
            EMULATOR_HOST_HOME: host.HOME ?? "",
            ...(this.#options.runtime === "docker" ? { EMULATOR_DOCKER: findDocker() } : {}),
            ...present("NODE_EXTRA_CA_CERTS", "SystemRoot", "TMPDIR", "TEMP"),
            ...present("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"),
        };
    }
}

/** A name for engine containers that no VM of another emulator on this machine has. */
export function machineId(dir: string): string {
    return `${path
        .basename(dir)
        .slice(-40)
        .replace(/^[^a-z0-9]+/, "")}-${createHash("sha256").update(dir).digest("hex").slice(0, 8)}`;
}

function present(...names: readonly string[]): Record<string, string> {
    return Object.fromEntries(
        names.flatMap((name) => {
            const value = process.env[name];
            return value === undefined ? [] : [[name, value]];
        }),
    );
}

/** The docker command of this machine. @throws Error naming where it was looked for. */
export function findDocker(): string {
    const folders = (process.env.PATH ?? "").split(path.delimiter);
    const names = process.platform === "win32" ? ["docker.exe"] : ["docker"];
    const found = folders
        .flatMap((folder) => names.map((name) => path.join(folder, name)))
        .find((file) => existsSync(file));
    if (found === undefined) {
        throw new Error(
            `The docker runtime needs the docker command; it is not on PATH (${folders.join(path.delimiter)}). ` +
                "Install Docker, or use the process runtime (npm start -- --runtime process).",
        );
    }
    return found;
}
