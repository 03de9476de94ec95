import { rmSync } from "node:fs";
import path from "node:path";
import type { ApiServer } from "../http/server";
import type { Services } from "../services";
import { createGuest } from "../vm/create-guest";
import type { Guest } from "../vm/guest/guest";
import type { MetadataSource } from "../vm/metadata/metadata-tree";
import { startVmEndpoint } from "../vm/metadata/vm-endpoint";

/** Seconds that a guest has to shut down before its power is cut: https://cloud.google.com/compute/docs/instances/stop-start-instance */
export const SHUTDOWN_GRACE_SECONDS = { STANDARD: 90, SPOT: 30 } as const;

/** What a running machine asks and tells the instance that it belongs to. */
export interface MachineOwner {
    metadata(): MetadataSource;
    /** The machine is off; called once for each boot, whoever switched it off. */
    poweredOff(): Promise<void>;
}

/** What exists of an instance only while the emulator runs. */
export interface Live {
    readonly vm: VirtualMachine;
    /** Somebody has read the instance as RUNNING since it booted: see `view`. */
    seenRunning: boolean;
    /** The machine is off, and the instance is still answered as RUNNING until somebody has seen it. */
    offUnseen: boolean;
    preempted: boolean;
    projectNumber: string;
    limit?: NodeJS.Timeout;
}

/** The machine behind one instance: boots, has its own endpoint while it is on, and is switched off in several ways. */
export class VirtualMachine {
    readonly #machine: Guest;
    #endpoint: ApiServer | undefined;
    #graceTimer: NodeJS.Timeout | undefined;
    #off: Promise<void> = Promise.resolve();
    #settleOff: () => void = () => undefined;
    #endpointPort = 0;

    readonly #services: Services;
    /** Name that no other instance has, fit for a folder. */
    readonly folder: string;
    readonly #owner: MachineOwner;

    constructor(
        services: Services,

        folder: string,
        owner: MachineOwner,
    ) {
        this.#services = services;
        this.folder = folder;
        this.#owner = owner;

        this.#machine = createGuest({
            runtime: services.options.runtime,
            dataDir: services.options.dataDir,
            folder,
            endpointPort: () => this.#endpointPort,
            mainPort: () => services.listening.port,
            machineType: () => owner.metadata().machineType,
            imagesFile: path.join(services.options.dataDir, "engine", "images.json"),
            // Failures to write the state are those of the disk, which the next request reports.
            onPoweredOff: () => void this.#becomeOff(),
        });
    }

    get serial(): Guest["serial"] {
        return this.#machine.serial;
    }

    /** Switches the machine on. Resolves when its firmware runs, not when its system is up. */
    async boot(userData: string): Promise<void> {
        this.#endpoint = await startVmEndpoint(
            this.#services,
            () => this.#owner.metadata(),
            () => this.#machine,
        );
        this.#endpointPort = this.#endpoint.port;
        this.#off = new Promise((resolve) => {
            this.#settleOff = resolve;
        });
        await this.#machine.boot(userData);
    }

    /** Presses the power button, and cuts the power if the guest is not off in time. */
    shutDown(graceSeconds: number): void {
        this.#machine.pressPowerButton();
        clearTimeout(this.#graceTimer);
        this.#graceTimer = setTimeout(() => void this.cutPower(), graceSeconds * 1000);
    }

    /** Resolves when the machine is off and its owner knows. */
    async whenOff(): Promise<void> {
        await this.#off;
    }

    async cutPower(): Promise<void> {
        await this.#machine.cutPower();
        await this.#becomeOff();
    }

    /** Cuts the power and leaves nothing outside of the machine's folder. */
    async release(): Promise<void> {
        await this.cutPower();
        await this.#machine.release();
    }

    /** Deletes the machine and its files. */
    async remove(): Promise<void> {
        await this.cutPower();
        await this.#machine.remove();
        rmSync(path.join(this.#services.options.dataDir, "vms", this.folder), { recursive: true, force: true });
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
