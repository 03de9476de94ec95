import type { SerialPort } from "./serial-port";
import type { CommandResult } from "./systemctl";

/** What a VM is made of: processes or containers of this machine, or a container with a system of its own. */
export type RuntimeKind = "process" | "docker" | "machine";

/** A VM as its hypervisor sees it. */
export interface VmRuntime {
    readonly serial: SerialPort;
    /** Switches the VM on with this user-data; what it runs goes on in the background. */
    boot(userData: string): Promise<void>;
    /** The ACPI power button: an orderly shutdown, as long as it takes. */
    pressPowerButton(): void;
    /** Cuts the power: everything dies at once. Nobody is told. */
    cutPower(): Promise<void>;
    /** Cuts the power and leaves nothing outside of the VM's folder: for the end of the emulator. */
    release(): Promise<void>;
    /** Deletes the VM with its files and containers. */
    remove(): Promise<void>;
    /** Runs `systemctl` inside, for a VM without a systemd of its own. */
    systemctl(args: readonly string[]): Promise<CommandResult>;
}
