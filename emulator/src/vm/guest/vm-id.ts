import { createHash } from "node:crypto";
import path from "node:path";

/**
 * Returns a short id for the VM in this folder. It is used in container names and is unique among all emulators on this
 * machine.
 */
export function vmId(dir: string): string {
    const name = path
        .basename(dir)
        .slice(-40)
        .replace(/^[^a-z0-9]+/, "");
    return `${name}-${createHash("sha256").update(dir).digest("hex").slice(0, 8)}`;
}
