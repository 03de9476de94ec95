import { createHash } from "node:crypto";
import path from "node:path";

/** A short id for the VM in this folder. It names containers, and no other emulator on this machine uses the same one. */
export function vmId(dir: string): string {
    const name = path
        .basename(dir)
        .slice(-40)
        .replace(/^[^a-z0-9]+/, "");
    return `${name}-${createHash("sha256").update(dir).digest("hex").slice(0, 8)}`;
}
