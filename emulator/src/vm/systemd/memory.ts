import { totalmem } from "node:os";

/** GiB per vCPU for most of Compute Engine's machine families; FAMILIES lists the exceptions. */
const KINDS: Readonly<Record<string, number>> = { standard: 4, highmem: 8, highcpu: 2 };
const FAMILIES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    n1: { standard: 3.75, highmem: 6.5, highcpu: 0.9 },
    n2: { highcpu: 1 },
    n2d: { highcpu: 1 },
    e2: { highcpu: 1 },
};
const SHARED_CORE: Readonly<Record<string, number>> = {
    "e2-micro": 1,
    "e2-small": 2,
    "e2-medium": 4,
    "f1-micro": 0.6,
    "g1-small": 1.7,
};
const MIB = 1024 * 1024;

/**
 * Returns the memory of a VM in MiB. It is estimated from the machine type's name and never exceeds this machine's
 * memory.
 * @see https://cloud.google.com/compute/docs/machine-resource
 */
export function memoryMib(machineType: string): number {
    const here = Math.floor(totalmem() / MIB);
    return Math.min(ofType(machineType) ?? here, here);
}

function ofType(machineType: string): number | undefined {
    const shared = SHARED_CORE[machineType];
    if (shared !== undefined) {
        return Math.floor(shared * 1024);
    }
    const custom = /-custom-\d+-(\d+)(-ext)?$/.exec(`-${machineType}`);
    if (custom !== null) {
        return Number(custom[1]);
    }
    const [, family = "", kind = "", cpus] = /^([a-z0-9]+)-([a-z]+)-(\d+)/.exec(machineType) ?? [];
    const perCpu = FAMILIES[family]?.[kind] ?? KINDS[kind];
    return perCpu === undefined ? undefined : Math.floor(Number(cpus) * perCpu * 1024);
}
