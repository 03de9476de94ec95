import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { StringDecoder } from "node:string_decoder";
import { promisify } from "node:util";
import { LABELS } from "../container/engine-containers";
import { findDocker } from "../container/find-docker";
import type { CommandResult, Guest, GuestScript, RunningScript } from "../guest/guest";
import { SerialPort } from "../guest/serial-port";
import { vmId } from "../guest/vm-id";
import { deferred } from "../guest/waiting";
import { type Lifeline, startLifeline } from "../process/lifeline";
import { Relay } from "./relay";
import { runScript } from "./script-unit";

const run = promisify(execFile);

/** Debian with systemd, cloud-init and docker; `.ci/systemd-image.sh` builds it. */
export const SYSTEMD_IMAGE = "gcp-trainer-base/systemd:local";
/** Files that the emulator adds to the image at each boot. */
const ROOT = path.join(__dirname, "root");
/** Folders that survive a reboot, as on Container-Optimized OS. The rest of the file system is recreated. */
const DISKS = { docker: "/var/lib/docker", state: "/var/lib/gcp-trainer" } as const;
/**
 * The signal that makes systemd shut down: https://www.freedesktop.org/software/systemd/man/latest/systemd.html#Signals
 */
const POWER_BUTTON = "RTMIN+4";
/**
 * systemd prints one of these messages once its signal handlers are set up. If the power button were pressed earlier,
 * systemd would miss it.
 */
const LISTENING = /Queued start job|Reached target|Starting |Started /;

/** Options for a VM with systemd. */
export interface SystemdVmOptions {
    /** Absolute path of the VM's folder; created if missing. */
    readonly dir: string;
    /** Id of the emulator's data folder. */
    readonly dataId: string;
    /** Port of the VM's own endpoint on 127.0.0.1. */
    readonly endpointPort: () => number;
    /** The emulator's main port, which serves its registry. */
    readonly mainPort: () => number;
    readonly memoryMib: () => number;
    /** Called once per boot, after the VM has powered itself off. */
    readonly onPoweredOff: () => void;
}

/** One boot, from power-on to power-off. */
interface Boot {
    readonly console: ChildProcess;
    readonly relays: readonly Relay[];
    /**
     * Folder for the sockets and cloud-init's seed. Its path is short, because the length of a Unix socket's path is
     * limited.
     */
    readonly sockets: string;
    /** Resolves once systemd handles signals. */
    readonly listening: Promise<void>;
    readonly ended: Promise<void>;
    readonly lifeline: Lifeline;
    cut: boolean;
}

/**
 * A VM in the `systemd` runtime: a container in which Debian's systemd, cloud-init and docker apply the user-data. It
 * can reach only two addresses: 169.254.169.254 for the metadata server and Cloud Storage, and the registry on
 * 127.0.0.1.
 */
export class SystemdVm implements Guest {
    readonly serial: SerialPort;
    readonly #docker = findDocker();
    readonly #name: string;
    #boot: Boot | undefined;
    #discarding: Promise<void> | undefined;

    readonly #options: SystemdVmOptions;

    constructor(options: SystemdVmOptions) {
        this.#options = options;

        this.serial = new SerialPort(path.join(options.dir, "serial.log"));
        this.#name = containerName(options.dir);
    }

    async boot(userData: string): Promise<void> {
        await this.#discard();
        this.serial.powerOn();
        if (existsSync(this.#diskLost)) {
            rmSync(this.#diskLost);
            this.serial.write("emulator", "the disk is empty: the emulator deleted the previous disk when it stopped");
        }
        const sockets = mkdtempSync(path.join(tmpdir(), "gcp-vm-"));
        const relays = [
            await Relay.start(path.join(sockets, "vm.sock"), this.#options.endpointPort()),
            await Relay.start(path.join(sockets, "api.sock"), this.#options.mainPort()),
        ];
        const bootId = randomUUID();
        const lifeline = startLifeline(bootId, this.#docker);
        try {
            await this.#assemble(userData, sockets, bootId);
        } catch (error) {
            lifeline.release();
            await release(relays, sockets);
            throw error;
        }
        this.#switchOn(relays, sockets, lifeline);
    }

    pressPowerButton(): void {
        const boot = this.#boot;
        if (boot !== undefined) {
            // If this fails, the VM is already off.
            void boot.listening.then(() =>
                this.#call("kill", "--signal", POWER_BUTTON, this.#name).catch(() => undefined),
            );
        }
    }

    async cutPower(): Promise<void> {
        const boot = this.#boot;
        if (boot !== undefined) {
            boot.cut = true;
            this.serial.write("kernel", "power lost");
        }
        await this.#discard();
        await boot?.ended;
    }

    async release(): Promise<void> {
        await this.cutPower();
        await this.#call("volume", "rm", "--force", ...Object.keys(DISKS).map((disk) => this.#volume(disk)));
        writeFileSync(this.#diskLost, "");
    }

    async remove(): Promise<void> {
        await this.release();
        rmSync(this.#options.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    }

    async runScript(script: GuestScript): Promise<RunningScript> {
        const boot = this.#boot;
        if (boot === undefined) {
            throw new Error("the VM is off");
        }
        return await runScript(
            script,
            { docker: this.#docker, container: this.#name, folder: boot.sockets },
            () => this.#boot === boot && !boot.cut,
        );
    }

    systemctl(): Promise<CommandResult> {
        return Promise.resolve({ exitCode: 1, stdout: "", stderr: "This VM runs systemd itself.\n" });
    }

    /** Creates the container with everything that its init process needs. */
    async #assemble(userData: string, sockets: string, bootId: string): Promise<void> {
        const memory = this.#options.memoryMib();
        const memoryFile = path.join(this.#options.dir, "meminfo");
        writeFileSync(memoryFile, `MemTotal: ${memory * 1024} kB\nMemFree: ${memory * 1024} kB\n`);
        const disks = Object.entries(DISKS).flatMap(([disk, path]) => ["--volume", `${this.#volume(disk)}:${path}`]);
        await this.#call(
            ...["create", "--name", this.#name, "--label", `${LABELS.vm}=${vmId(this.#options.dir)}`],
            ...["--label", `${LABELS.boot}=${bootId}`, "--label", `${LABELS.data}=${this.#options.dataId}`],
            // The container's terminal is the VM's console, whose output goes to the serial port.
            ...["--tty", "--env", "container=docker", "--env", "TERM=dumb", "--env", "SYSTEMD_COLORS=0"],
            // The capabilities that systemd and docker need. An engine inside a container cannot grant --privileged.
            ...["--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--cgroupns", "private"],
            ...["seccomp", "apparmor", "systempaths"].flatMap((one) => ["--security-opt", `${one}=unconfined`]),
            ...[
                "--network",
                "none",
                "--tmpfs",
                `/run:exec,mode=755,size=${Math.floor(memory / 5)}m`,
                "--tmpfs",
                "/tmp",
            ],
            ...["--memory", `${memory}m`, "--memory-swap", `${memory}m`],
            ...["--volume", `${memoryFile}:/proc/meminfo:ro`, "--volume", `${sockets}:/emulator`, ...disks],
            ...[SYSTEMD_IMAGE, "/usr/local/sbin/emulator-init"],
        );
        const root = path.join(this.#options.dir, "root");
        rmSync(root, { recursive: true, force: true });
        cpSync(ROOT, root, { recursive: true });
        const put = (file: string, text: string) => {
            mkdirSync(path.join(root, file, ".."), { recursive: true });
            writeFileSync(path.join(root, file), text);
        };
        // The seed is kept outside cloud-init's small file system, because Google's data source stores none there
        // either.
        const seed = path.join(sockets, "seed");
        mkdirSync(seed);
        writeFileSync(path.join(seed, "user-data"), userData);
        writeFileSync(path.join(seed, "meta-data"), `instance-id: ${this.#name}\n`);
        const listen = `[Socket]\nListenStream=127.0.0.1:${this.#options.mainPort()}\n`;
        put("etc/systemd/system/emulator-api.socket.d/50-emulator.conf", listen);
        await this.#call("cp", `${root}/.`, `${this.#name}:/`);
    }

    #switchOn(relays: readonly Relay[], sockets: string, lifeline: Lifeline): void {
        const console = spawn(this.#docker, ["start", "--attach", this.#name], { stdio: ["ignore", "pipe", "pipe"] });
        const listening = deferred();
        const ended = deferred();
        const boot: Boot = {
            console,
            relays,
            sockets,
            listening: listening.promise,
            ended: ended.promise,
            lifeline,
            cut: false,
        };
        this.#boot = boot;
        for (const stream of [console.stdout, console.stderr]) {
            const decoder = new StringDecoder();
            stream.on("data", (bytes: Buffer) => {
                const text = decoder.write(bytes).replaceAll("\r", "");
                this.serial.append(text);
                if (LISTENING.test(text)) {
                    listening.resolve();
                }
            });
        }
        console.once("close", () => {
            // Either the VM is off or its engine is gone. In both cases, no part of the VM may keep running.
            void this.#end(boot).then(ended.resolve);
        });
    }

    async #end(boot: Boot): Promise<void> {
        await release(boot.relays, boot.sockets);
        if (!boot.cut) {
            await this.#discard();
        }
        boot.lifeline.release();
        if (this.#boot === boot) {
            this.#boot = undefined;
        }
        if (!boot.cut) {
            this.#options.onPoweredOff();
        }
    }

    /**
     * Kills and removes the container, including one left by an earlier emulator. Docker rejects concurrent removals.
     */
    async #discard(): Promise<void> {
        this.#discarding ??= this.#call("rm", "--force", "--volumes", this.#name).finally(() => {
            this.#discarding = undefined;
        });
        await this.#discarding;
    }

    /** Path to a marker file, which exists if the disk from the VM's last boot has been lost. */
    get #diskLost(): string {
        return path.join(this.#options.dir, "disk-lost");
    }

    #volume(disk: string): string {
        return `${this.#name}-${disk}`;
    }

    async #call(...args: string[]): Promise<void> {
        await run(this.#docker, args);
    }
}

/**
 * Checks that VMs with systemd can run on this machine.
 * @throws Error that names the command that builds their image
 */
export async function requireSystemdImage(): Promise<void> {
    try {
        await run(findDocker(), ["image", "inspect", SYSTEMD_IMAGE]);
    } catch (error) {
        const { stderr = "" } = error as { stderr?: string };
        throw new Error(
            `The systemd runtime needs a Docker engine on this machine with the image ${SYSTEMD_IMAGE}; ` +
                `docker says: ${stderr.trim()} (build it on Debian, as root: .ci/systemd-image.sh; or use the docker runtime)`,
            { cause: error },
        );
    }
}

/** Returns the container name for the VM in this folder. */
export function containerName(dir: string): string {
    return `gcp-emulator-vm-${vmId(dir)}`;
}

async function release(relays: readonly Relay[], sockets: string): Promise<void> {
    await Promise.all(relays.map((relay) => relay.stop()));
    rmSync(sockets, { recursive: true, force: true });
}
