import { rmSync } from "node:fs";
import path from "node:path";
import type { Listener } from "../faults/front";
import type { RuntimeKind } from "../service";
import { createGuest } from "../vm/create-guest";
import type { Guest, GuestScript, RunningScript } from "../vm/guest/guest";
import type { MetadataSource } from "../vm/metadata/metadata-tree";
import { type EndpointHost, startVmEndpoint } from "../vm/metadata/vm-endpoint";

/**
 * Number of seconds that a guest is given to shut down before its power is cut:
 * https://cloud.google.com/compute/docs/instances/stop-start-instance
 */
export const SHUTDOWN_GRACE_SECONDS = { STANDARD: 90, SPOT: 30 } as const;

/** The runtime for VMs, and their connections to the rest of the emulator. */
export interface VmHost extends EndpointHost {
    readonly dataDir: string;
    readonly runtime: RuntimeKind;
    /** Uptime that a guest sees when it boots, in seconds; undefined to show this machine's uptime. */
    readonly bootUptimeSeconds: number | undefined;
    /** Returns the main port of the emulator, which is known once the emulator is listening. */
    readonly mainPort: () => number;
}

/** A VM's instance, as seen by the VM itself. */
export interface VmOwner {
    metadata(): MetadataSource;
    /** Called once per boot when the VM is off, regardless of how it was powered off. */
    poweredOff(): Promise<void>;
}

/** The in-memory state of an instance. */
export interface InstanceState {
    readonly vm: VirtualMachine;
    preempted: boolean;
    projectNumber: string;
    /** Set while the instance is being deleted; resolves once it is gone. */
    removed?: Promise<void>;
    limit?: NodeJS.Timeout;
}

/** The VM behind one instance, with its own endpoint while it is on. */
export class VirtualMachine {
    readonly #machine: Guest;
    #endpoint: Listener | undefined;
    #graceTimer: NodeJS.Timeout | undefined;
    #off: Promise<void> = Promise.resolve();
    #settleOff: () => void = () => undefined;
    #endpointPort = 0;

    readonly #host: VmHost;
    /** Unique name of the VM's folder. */
    readonly folder: string;
    readonly #owner: VmOwner;

    constructor(host: VmHost, folder: string, owner: VmOwner) {
        this.#host = host;
        this.folder = folder;
        this.#owner = owner;

        const { dataDir, runtime, mainPort, bootUptimeSeconds } = host;
        this.#machine = createGuest({
            runtime,
            dataDir,
            folder,
            endpointPort: () => this.#endpointPort,
            mainPort,
            bootUptimeSeconds,
            machineType: () => owner.metadata().machineType,
            // If the state cannot be written, the disk is failing, and the next request reports that.
            onPoweredOff: () => void this.#becomeOff(),
        });
    }

    get serial(): Guest["serial"] {
        return this.#machine.serial;
    }

    /** Powers the VM on. Resolves once the firmware is running, but before the guest is up. */
    async boot(userData: string): Promise<void> {
        this.#endpoint = await startVmEndpoint(
            this.#host,
            () => this.#owner.metadata(),
            () => this.#machine,
        );
        this.#endpointPort = this.#endpoint.port;
        this.#off = new Promise((resolve) => {
            this.#settleOff = resolve;
        });
        await this.#machine.boot(userData);
    }

    /** @throws Error if the VM is off */
    async runScript(script: GuestScript): Promise<RunningScript> {
        return await this.#machine.runScript(script);
    }

    /** Presses the power button, and cuts the power if the VM is still on after the grace period. */
    shutDown(graceSeconds: number): void {
        clearTimeout(this.#graceTimer);
        this.#graceTimer = setTimeout(() => void this.cutPower(), graceSeconds * 1000).unref();
        this.#machine.pressPowerButton();
    }

    /** Resolves once the VM is off and its owner has been notified. */
    async whenOff(): Promise<void> {
        await this.#off;
    }

    async cutPower(): Promise<void> {
        await this.#machine.cutPower();
        await this.#becomeOff();
    }

    /** Cuts the power and removes everything that the VM has outside its folder. */
    async release(): Promise<void> {
        await this.cutPower();
        await this.#machine.release();
    }

    /** Deletes the VM and its files. */
    async remove(): Promise<void> {
        await this.cutPower();
        await this.#machine.remove();
        rmSync(path.join(this.#host.dataDir, "vms", this.folder), { recursive: true, force: true });
    }

    async #becomeOff(): Promise<void> {
        clearTimeout(this.#graceTimer);
        const endpoint = this.#endpoint;
        if (endpoint === undefined) {
            return;
        }
        this.#endpoint = undefined;
        await endpoint.stop();
        await this.#owner.poweredOff();
        this.#settleOff();
    }
}
