import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

interface ProcessEntry {
    readonly pid: number;
    readonly parent: number;
    readonly group: number;
}

/**
 * Processes that belong to the given process groups, and their descendants. This stands for a unit's cgroup, which an
 * ordinary user cannot have: only a process that left both its group and its parent would escape it.
 */
export function processesOf(groups: ReadonlySet<number>): number[] {
    if (process.platform === "win32") {
        // No process groups there: taskkill ends whole trees, which begin at the group's first process.
        return [...groups];
    }
    const table = processTable();
    const members = new Set(table.filter((entry) => groups.has(entry.group)).map((entry) => entry.pid));
    for (let before = -1; before !== members.size; ) {
        before = members.size;
        for (const entry of table) {
            if (members.has(entry.parent)) {
                members.add(entry.pid);
            }
        }
    }
    return [...members];
}

/** Sends a signal to every process of the groups; processes that are gone are no error. */
export function killGroups(groups: ReadonlySet<number>, signal: NodeJS.Signals): void {
    for (const pid of processesOf(groups)) {
        sendSignal(pid, signal);
    }
}

/** Sends a signal to one process; a process that is gone is no error. Windows knows only termination, of whole trees. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
    if (process.platform === "win32") {
        runQuietly("taskkill", ["/PID", String(pid), "/T", "/F"]);
        return;
    }
    try {
        process.kill(pid, signal);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
            throw error;
        }
    }
}

/**
 * Kills every process that was started with this environment variable: what escaped its group, or survived an emulator
 * that was killed. Does nothing on Windows, which shows no process the environment of another.
 */
export function killByEnvironment(name: string, value: string): void {
    const marker = `${name}=${value}`;
    if (process.platform === "linux") {
        for (const { pid } of linuxTable()) {
            if (pid !== process.pid && readQuietly(`/proc/${pid}/environ`).split("\0").includes(marker)) {
                sendSignal(pid, "SIGKILL");
            }
        }
    } else if (process.platform !== "win32") {
        for (const line of runQuietly("ps", ["axeww", "-o", "pid=,command="]).split("\n")) {
            if (`${line} `.includes(` ${marker} `) && Number.parseInt(line, 10) !== process.pid) {
                sendSignal(Number.parseInt(line, 10), "SIGKILL");
            }
        }
    }
}

/** Text of a file; empty if it is gone or belongs to somebody else. */
function readQuietly(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return "";
    }
}

function processTable(): ProcessEntry[] {
    if (process.platform === "linux") {
        return linuxTable();
    }
    const listing = runQuietly("ps", ["-Ao", "pid=,ppid=,pgid=,stat="]);
    return listing.split("\n").flatMap((line) => {
        const [pid, parent, group, state] = line.trim().split(/\s+/);
        return state?.startsWith("Z") === true || !/^\d+$/.test(pid ?? "")
            ? []
            : [{ pid: Number(pid), parent: Number(parent), group: Number(group) }];
    });
}

/** Reads /proc itself, because minimal Linux images have no `ps`. Zombies do not count: they hold nothing. */
function linuxTable(): ProcessEntry[] {
    return readdirSync("/proc").flatMap((name) => {
        if (!/^\d+$/.test(name)) {
            return [];
        }
        try {
            // The command name, in parentheses, may hold spaces: the fields begin after the last parenthesis.
            const stat = readFileSync(`/proc/${name}/stat`, "utf8");
            const [state, parent, group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
            return state === "Z" ? [] : [{ pid: Number(name), parent: Number(parent), group: Number(group) }];
        } catch {
            // The process ended between the listing and the reading.
            return [];
        }
    });
}

function runQuietly(command: string, args: readonly string[]): string {
    try {
        return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    } catch {
        return "";
    }
}
