import type { FaultPlan } from "./faults/rule";

/**
 * The runtime of a VM: processes on this machine, containers in its Docker engine, or a container with a real systemd.
 */
export type RuntimeKind = "process" | "docker" | "systemd";

/** Options of an emulator. */
export interface EmulatorOptions {
    /** Absolute path of the emulator's data folder; created if missing. */
    readonly dataDir: string;
    /** Port on 127.0.0.1. Default: 0, any free port. */
    readonly port?: number;
    /** Runtime of every VM. */
    readonly runtime: RuntimeKind;
    /**
     * Bearer token of the developer, who may do everything. Default: the token in the file `operator-token` in the data
     * folder.
     */
    readonly operatorToken?: string;
    /** Delay before an IAM grant takes effect; on Google Cloud it takes minutes. Default: 0. */
    readonly grantDelayMs?: number;
    /**
     * Delay before an API that was enabled accepts requests; on Google Cloud it takes up to minutes. With it, APIs that
     * are not enabled refuse requests too. Default: none, and all APIs accept requests.
     */
    readonly apiDelayMs?: number;
    /** Faults to inject on the main port and on every VM's endpoint. Default: none. */
    readonly faults?: FaultPlan;
    /** Called with one line per request, for debugging. Default: none. */
    readonly log?: (line: string) => void;
}

/** A resource in the emulator that would cost money, or clutter a project, on Google Cloud. */
export interface InventoryItem {
    /** E.g. "storage bucket". */
    readonly kind: string;
    readonly name: string;
}

/** The lifecycle hooks of a service that startEmulator calls; all are optional. */
export interface Service {
    /** Called once before the first request. */
    start?(): Promise<void>;
    /** Called once after the last request. */
    stop?(): Promise<void>;
    /** Existing resources that would cost money on, or clutter, a real project. */
    inventory?(): InventoryItem[];
}
