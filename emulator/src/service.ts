import type { FaultPlan } from "./faults/rule";

/** The runtime of a VM: processes of this machine, containers of its Docker engine, or a container with a real systemd. */
export type RuntimeKind = "process" | "docker" | "systemd";

/** How to start an emulator. */
export interface EmulatorOptions {
    /** Absolute path of the folder that holds all its data; created if missing. */
    readonly dataDir: string;
    /** Port on 127.0.0.1. Default 0: any free one. */
    readonly port?: number;
    /** The kind of all VMs. */
    readonly runtime: RuntimeKind;
    /** Bearer token of the developer, who may do everything. Default: the one in the data folder's file `operator-token`. */
    readonly operatorToken?: string;
    /** Delay before an IAM grant takes effect; on Google Cloud it is minutes. Default 0. */
    readonly grantDelayMs?: number;
    /** Faults of the main port and of every VM's endpoint. Default: none. */
    readonly faults?: FaultPlan;
    /** Called with one line per request, for debugging. Default: none. */
    readonly log?: (line: string) => void;
}

/** Something that exists in the emulator and would cost money, or clutter a project, on Google Cloud. */
export interface InventoryItem {
    /** E.g. "storage bucket". */
    readonly kind: string;
    readonly name: string;
}

/** The part of a service that startEmulator drives; every member is optional. */
export interface Service {
    /** Called once before the first request. */
    start?(): Promise<void>;
    /** Called once after the last request. */
    stop?(): Promise<void>;
    /** Things that exist now and would cost money on, or clutter, a real project. */
    inventory?(): InventoryItem[];
}
