import type { BatchFaults } from "./faults/batch-rule";
import type { FaultPlan } from "./faults/rule";
import type { OrgRules } from "./org/rules";

/**
 * The runtime for a VM: processes on this machine, containers in its Docker engine, or a container with a real systemd.
 */
export type RuntimeKind = "process" | "docker" | "systemd";

/** Options for Google Batch, which is faster in the emulator than on Google Cloud. */
export interface BatchOptions {
    /** Duration of a step. QUEUED, SCHEDULED and the release of the VMs each take one step. Default: 250. */
    readonly tickMs?: number;
    /** Time between a preemption notice and the loss of power; 30 s on Google Cloud. Default: 10,000. */
    readonly preemptionMs?: number;
    /** Number of steps after which a job that cannot start fails; on Google Cloud, after two days. Default: 40. */
    readonly queueTicks?: number;
    /** Maximum number of concurrent VMs per job. Default: two per processor of this machine, and at least four. */
    readonly maxVms?: number;
    /** Faults to inject into jobs and tasks. Default: none. */
    readonly faults?: BatchFaults;
}

/** Options for an emulator. */
export interface EmulatorOptions {
    /** Absolute path of the emulator's data folder; created if missing. */
    readonly dataDir: string;
    /** Port on 127.0.0.1. Default: 0, any free port. */
    readonly port?: number;
    /** Runtime for every VM. */
    readonly runtime: RuntimeKind;
    /**
     * Bearer token for the developer, who may do everything. Default: the token in the file `operator-token` in the
     * data folder.
     */
    readonly operatorToken?: string;
    /** Delay before an IAM grant takes effect; on Google Cloud it takes minutes. Default: 0. */
    readonly grantDelayMs?: number;
    /**
     * If set, an API refuses requests until this long after it is enabled; on Google Cloud this takes minutes. Default:
     * APIs never refuse requests.
     */
    readonly apiDelayMs?: number;
    /**
     * Duration of operations in Compute Engine, Artifact Registry and Service Usage, which pass through the same states
     * as on Google Cloud. Default: 0, so that operations are done when they are returned.
     */
    readonly operationMs?: number;
    /**
     * Uptime in seconds that a VM in the `process` or `docker` runtime sees when it boots. A larger value shortens the
     * wait of a guest that stays up until it reaches a certain uptime. Default: this machine's uptime.
     */
    readonly bootUptimeSeconds?: number;
    /** An organization's constraints, quotas and stock-outs. Default: none. */
    readonly org?: OrgRules;
    /** Faults to inject on the main port and on every VM's endpoint. Default: none. */
    readonly faults?: FaultPlan;
    /** Google Batch. Default: a tick takes 250 ms, and nothing goes wrong. */
    readonly batch?: BatchOptions;
    /** Called with one line per request, for debugging. Default: none. */
    readonly log?: (line: string) => void;
}

/** A resource in the emulator that would cost money on Google Cloud, or clutter a project there. */
export interface InventoryItem {
    /** E.g. "storage bucket". */
    readonly kind: string;
    readonly name: string;
}

/** A service's lifecycle hooks, which startEmulator calls. All are optional. */
export interface Service {
    /** Called once before the first request. */
    start?(): Promise<void>;
    /** Called once after the last request. */
    stop?(): Promise<void>;
    /** Existing resources that would cost money in a real project or clutter it. */
    inventory?(): InventoryItem[];
}
