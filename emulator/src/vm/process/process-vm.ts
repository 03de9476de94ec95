import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import path from "node:path";
import type { CommandResult, Guest, GuestScript, RunningScript } from "../guest/guest";
import { SerialPort } from "../guest/serial-port";
import { vmId } from "../guest/vm-id";
import { CloudConfigError, parseCloudConfig } from "./cloud-config";
import { type Containers, ProcessContainers } from "./containers";
import { type Lifeline, startLifeline } from "./lifeline";
import { startScript } from "./script-process";
import { killByEnvironment, type ProcessId, signalGroups } from "./shims/signals.js";
import { type ManagerHost, ServiceManager } from "./units/service-manager";
import { systemctl } from "./units/systemctl";
import { UnitError } from "./units/unit-file";
import { startProcess } from "./units/unit-process";
import { VmFiles } from "./vm-files";

/** Options for a VM that consists of processes. */
export interface ProcessVmOptions {
    /** Absolute path of the VM's folder; created if missing. */
    readonly dir: string;
    /** `host:port` of the VM's own endpoint for metadata and storage. */
    readonly endpoint: () => string;
    /** File that maps the process runtime's images to trainer folders. */
    readonly imagesFile: string;
    /** The emulator's main port, which serves its registry. */
    readonly mainPort: () => number;
    /** Uptime that the VM's programs see when it boots, in seconds. Default: this machine's uptime. */
    readonly bootUptimeSeconds?: number | undefined;
    /** Called once per boot, after the VM has powered itself off. */
    readonly onPoweredOff: () => void;
}

/** The runtime for the VM's containers. */
interface ContainerKind {
    readonly runtime: "process" | "docker";
    readonly containers: Containers;
    /** Additional environment variables for the docker shim. */
    readonly environment: Readonly<Record<string, string>>;
    /** The docker command, if the containers are in this machine's engine. */
    readonly docker?: string;
}

/**
 * A VM in the `process` runtime. User-data, a service manager and a serial port are emulated with processes on this
 * machine. It is not a sandbox, because its programs run with the developer's permissions.
 */
export class ProcessVm implements Guest {
    readonly serial: SerialPort;
    readonly #files: VmFiles;
    readonly #kind: ContainerKind;
    readonly #id: string;
    #power: "off" | "on" | "stopping" = "off";
    #manager: ServiceManager | undefined;
    #bootLeaders: ProcessId[] = [];
    /** The scripts of this boot; each promise resolves when its script has ended. */
    #scripts: Promise<unknown>[] = [];
    #bootId = "";
    #lifeline: Lifeline | undefined;
    #booting: Promise<void> = Promise.resolve();

    readonly #options: ProcessVmOptions;

    constructor(options: ProcessVmOptions, kind?: ContainerKind) {
        this.#options = options;

        this.#files = new VmFiles(options.dir);
        this.serial = new SerialPort(path.join(options.dir, "serial.log"));
        this.#id = vmId(options.dir);
        this.#kind = kind ?? { runtime: "process", containers: new ProcessContainers(options.dir), environment: {} };
    }

    async boot(userData: string): Promise<void> {
        await this.#killEverything();
        this.serial.powerOn();
        this.serial.write("kernel", `Linux version (emulated, ${this.#kind.runtime} runtime)`);
        this.#power = "on";
        this.#bootLeaders = [];
        this.#scripts = [];
        this.#bootId = randomUUID();
        this.#lifeline = startLifeline(this.#bootId, this.#kind.docker);
        this.#manager = new ServiceManager(this.#host());
        this.#files.format();
        this.#booting = this.#cloudInit(userData);
    }

    pressPowerButton(): void {
        if (this.#power === "on") {
            this.serial.write("systemd-logind[1]", "Power key pressed short. Powering off...");
            this.#powerOff("orderly");
        }
    }

    async cutPower(): Promise<void> {
        if (this.#power !== "off") {
            this.#power = "off";
            this.serial.write("kernel", "power lost");
        }
        await this.#killEverything();
    }

    async release(): Promise<void> {
        await this.cutPower();
        await this.#kind.containers.remove();
    }

    async remove(): Promise<void> {
        await this.release();
        rmSync(this.#options.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    }

    async runScript(script: GuestScript): Promise<RunningScript> {
        await this.#booting;
        const bootId = this.#bootId;
        const isOn = () => this.#power !== "off" && this.#bootId === bootId;
        if (!isOn()) {
            throw new Error("the VM is off");
        }
        const environment = { ...this.#environment(), ...this.#endpoints() };
        const { process, exitCode } = startScript(script, `${this.#scripts.length}`, this.#files, environment);
        const leaders = process.id === undefined ? [] : [process.id];
        this.#bootLeaders.push(...leaders);
        this.#scripts.push(exitCode);
        return {
            exit: exitCode.then((code) => (isOn() ? code : undefined)),
            kill: () => signalGroups(leaders, "SIGKILL"),
        };
    }

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
            for (const file of config.writeFiles) {
                this.#files.write(file);
            }
            this.#files.addEnvironment("50-emulator.conf", this.#endpoints());
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

    /** Runs the commands. Like cloud-init, reports a failing command and continues with the next. */
    async #runCommand(command: string | readonly string[]): Promise<void> {
        if (this.#power !== "on") {
            return;
        }
        const words = typeof command === "string" ? ["sh", "-c", command] : command;
        const [program = "", ...args] = words.map((word) =>
            this.#files.ownPaths.has(word) ? this.#files.toHostPath(word) : word,
        );
        const child = startProcess({
            program: this.#files.resolveProgram(program),
            args,
            cwd: this.#files.root,
            env: this.#environment(),
            onLine: (line) => this.serial.write("cloud-init[2]", line),
        });
        if (child.id !== undefined) {
            this.#bootLeaders.push(child.id);
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
        // This runs in the background and reports its own failures.
        void this.#shutDown(how);
    }

    async #shutDown(how: "orderly" | "force"): Promise<void> {
        if (how === "orderly") {
            this.serial.write("systemd[1]", "Reached target poweroff.target - System Power Off.");
            await this.#manager?.stopAll();
            // A script is not told that the VM is about to stop. If it does not end by itself, the power is cut.
            await Promise.all(this.#scripts);
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
        signalGroups(this.#bootLeaders, "SIGKILL");
        await this.#kind.containers.powerOff();
        killByEnvironment("EMULATOR_VM_DIR", this.#options.dir);
        await this.#booting;
        this.#lifeline?.release();
        this.#lifeline = undefined;
    }

    #host(): ManagerHost {
        return {
            env: this.#environment(),
            root: this.#files.root,
            ownPaths: this.#files.ownPaths,
            toHostPath: (path) => this.#files.toHostPath(path),
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

    /** The addresses at which programs in the VM find Google's services. */
    #endpoints(): Record<string, string> {
        const { endpoint, bootUptimeSeconds } = this.#options;
        return {
            STORAGE_EMULATOR_HOST: `http://${endpoint()}`,
            GCE_METADATA_HOST: endpoint(),
            SECRET_MANAGER_EMULATOR_HOST: `http://${endpoint()}`,
            PUBSUB_EMULATOR_HOST: endpoint(),
            // /proc/uptime shows this machine's uptime.
            ...(bootUptimeSeconds === undefined ? {} : { EMULATOR_UPTIME: String(bootUptimeSeconds) }),
        };
    }

    /** Environment for every process in the VM. The shims read the EMULATOR_ variables. */
    #environment(): Record<string, string> {
        const host = process.env;
        return {
            PATH: this.#files.searchPath(),
            EMULATOR_VM_DIR: this.#options.dir,
            EMULATOR_VM_ID: this.#id,
            EMULATOR_BOOT_ID: this.#bootId,
            EMULATOR_VM_CONTROL: `http://${this.#options.endpoint()}/emulator/v1/guest`,
            EMULATOR_RUNTIME: this.#kind.runtime,
            EMULATOR_IMAGES: this.#options.imagesFile,
            EMULATOR_REGISTRY_PORT: String(this.#options.mainPort()),
            EMULATOR_HOST_PATH: host.PATH ?? "",
            EMULATOR_HOST_HOME: host.HOME ?? "",
            ...this.#kind.environment,
            ...present("NODE_EXTRA_CA_CERTS", "SystemRoot", "TMPDIR", "TEMP"),
            ...present("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"),
        };
    }
}

function present(...names: readonly string[]): Record<string, string> {
    return Object.fromEntries(
        names.flatMap((name) => {
            const value = process.env[name];
            return value === undefined ? [] : [[name, value]];
        }),
    );
}
