/**
 * A tag for the names of this process's temporary files. It lets a later process on this machine determine whether
 * their writer is still running. Undefined on systems without /proc.
 */
export function ownTag(): string | undefined {
    const machine = machineTag();
    const startedAt = startTime(process.pid);
    return machine && startedAt ? `${machine}-${process.pid}-${startedAt}` : undefined;
}

/** True if a name contains the tag for a process that ran on this machine and has ended. False if this is unknown. */
export function isAbandoned(name: string): boolean {
    const match = /(?:^|[.-])(m[0-9a-f]{12})-(\d{1,10})-(\d{1,20})(?=[.-]|$)/.exec(name);
    // The start time distinguishes a process from a later one with the same id.
    return match !== null && match[1] === machineTag() && startTime(Number(match[2])) !== match[3];
}

/**
 * Identifies the current boot of this machine and this container, because a process id is meaningful only within one
 * boot and one container.
 */
function machineTag(): string | undefined {
    const { createHash } = require("node:crypto") as typeof import("node:crypto");
    const { readFileSync, readlinkSync } = require("node:fs") as typeof import("node:fs");
    try {
        const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
        const container = readlinkSync("/proc/self/ns/pid");
        return `m${createHash("sha256").update(`${boot} ${container}`).digest("hex").slice(0, 12)}`;
    } catch {
        return undefined;
    }
}

/** Start time of a process in clock ticks since boot; undefined if it is not running. */
function startTime(pid: number): string | undefined {
    const { readFileSync } = require("node:fs") as typeof import("node:fs");
    try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        // The second field, the name in parentheses, may contain anything.
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: state is field 3, starttime field 22.
        return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
    } catch {
        return undefined;
    }
}
