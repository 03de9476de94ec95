import { readdirSync, readFileSync } from "node:fs";

/** Peak resident memory in MB of a process, and of the largest of its descendants. */
export interface PeakMemory {
    readonly ownMb: number;
    readonly childMb: number;
}

/**
 * Samples the memory of a process and its descendants until `stop` is called. All values stay 0 on systems without
 * /proc.
 */
export function peakMemory(pid: number): { stop: () => PeakMemory } {
    let ownMb = 0;
    let childMb = 0;
    const timer = setInterval(() => {
        ownMb = Math.max(ownMb, residentMb(pid));
        childMb = Math.max(childMb, ...descendantsOf(pid).map(residentMb));
    }, 500);
    return {
        stop: () => {
            clearInterval(timer);
            return { ownMb, childMb };
        },
    };
}

function descendantsOf(root: number): number[] {
    const parents = new Map(
        listed("/proc")
            .filter((name) => /^\d+$/.test(name))
            .map((name) => [Number(name), Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${name}/status`))?.[1] ?? 0)]),
    );
    const isBelow = (pid: number): boolean => {
        const parent = parents.get(pid) ?? 0;
        return parent === root || (parent > 1 && isBelow(parent));
    };
    return [...parents.keys()].filter(isBelow);
}

function residentMb(pid: number): number {
    return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024);
}

function listed(folder: string): string[] {
    try {
        return readdirSync(folder);
    } catch {
        return [];
    }
}

function read(file: string): string {
    try {
        return readFileSync(file, "latin1");
    } catch {
        return "";
    }
}
