import path from "node:path";
import type { RuntimeKind } from "../service";
import { localFoldersFile } from "../store/local-folders";
import { ContainerVm } from "./container/container-vm";
import { dataFolderId } from "./container/engine-containers";
import type { Guest } from "./guest/guest";
import { ProcessVm } from "./process/process-vm";
import { memoryMib } from "./systemd/memory";
import { SystemdVm } from "./systemd/systemd-vm";

/** Options for a guest, regardless of its runtime. Ports and the machine type are read at each boot. */
export interface GuestOptions {
    readonly runtime: RuntimeKind;
    /** Absolute path of the emulator's data folder. */
    readonly dataDir: string;
    /** Name of this VM's folder, unique within the data folder. */
    readonly folder: string;
    /** Port of the VM's own endpoint on 127.0.0.1. */
    readonly endpointPort: () => number;
    /** The emulator's main port, which serves its registry. */
    readonly mainPort: () => number;
    readonly machineType: () => string;
    /** Uptime that the guest sees when it boots, in seconds; undefined to show this machine's uptime. */
    readonly bootUptimeSeconds: number | undefined;
    /** Called once per boot, after the VM has powered itself off. */
    readonly onPoweredOff: () => void;
}

/** Creates a powered-off VM with the given runtime. */
export function createGuest(options: GuestOptions): Guest {
    const { runtime, endpointPort, mainPort, machineType, bootUptimeSeconds, onPoweredOff } = options;
    const dir = path.join(options.dataDir, "vms", options.folder);
    if (runtime === "systemd") {
        const dataId = dataFolderId(options.dataDir);
        const memory = () => memoryMib(machineType());
        return new SystemdVm({ dir, dataId, endpointPort, mainPort, memoryMib: memory, onPoweredOff });
    }
    const imagesFile = localFoldersFile(options.dataDir);
    const endpoint = () => `127.0.0.1:${endpointPort()}`;
    const vm = { dir, endpoint, imagesFile, mainPort, bootUptimeSeconds, onPoweredOff };
    return runtime === "docker" ? new ContainerVm(vm, dataFolderId(options.dataDir)) : new ProcessVm(vm);
}
