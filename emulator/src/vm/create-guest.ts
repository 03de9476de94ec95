import path from "node:path";
import type { RuntimeKind } from "../service";
import { localFoldersFile } from "../store/local-folders";
import { ContainerVm } from "./container/container-vm";
import type { Guest } from "./guest/guest";
import { ProcessVm } from "./process/process-vm";
import { memoryMib } from "./systemd/memory";
import { SystemdVm } from "./systemd/systemd-vm";

/** Everything a guest of any kind needs; ports and the machine type are read at each boot. */
export interface GuestOptions {
    readonly runtime: RuntimeKind;
    /** Data folder of the emulator, absolute. */
    readonly dataDir: string;
    /** Folder name of this VM, unique in the data folder. */
    readonly folder: string;
    /** Port of the VM's own endpoint on 127.0.0.1. */
    readonly endpointPort: () => number;
    /** The emulator's main port, which serves its registry. */
    readonly mainPort: () => number;
    readonly machineType: () => string;
    /** Called once for each boot, after the VM has powered itself off. */
    readonly onPoweredOff: () => void;
}

/** Creates a VM of the wanted kind, switched off. */
export function createGuest(options: GuestOptions): Guest {
    const { runtime, endpointPort, mainPort, machineType, onPoweredOff } = options;
    const dir = path.join(options.dataDir, "vms", options.folder);
    if (runtime === "systemd") {
        return new SystemdVm({ dir, endpointPort, mainPort, memoryMib: () => memoryMib(machineType()), onPoweredOff });
    }
    const imagesFile = localFoldersFile(options.dataDir);
    const Kind = runtime === "docker" ? ContainerVm : ProcessVm;
    return new Kind({ dir, endpoint: () => `127.0.0.1:${endpointPort()}`, imagesFile, onPoweredOff });
}
