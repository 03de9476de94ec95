import { MemoryError } from "../errors";

/** The program itself, with what is on its way from the bucket and the threads. Measured. */
const BASE_BYTES = 120_000_000;

/** A row's target, its places in the lists of rows, its predictions, what columns are sorted in. Measured. */
const BYTES_PER_ROW = 56;

/** A value's place in its column's order. One tree is grown in the memory of the orders. */
const BYTES_PER_VALUE_OF_ORDER = 4;

/** A value in the copy of the orders that a fit beside others works on; twice for a forest, which needs ranks too. */
const BYTES_PER_VALUE_OF_FIT = { tree: 4, forest: 8 };

/** Nothing is said about the rows to come before so much was read. */
const FIRST_ESTIMATE_BYTES = 1_000_000;

/** The rest of a file may have shorter or longer rows: so much of the rows to expect is certain. */
const CERTAIN = 0.8;

/**
 * Machine types by memory: https://cloud.google.com/compute/docs/general-purpose-machines and
 * https://cloud.google.com/compute/docs/memory-optimized-machines. GiB.
 */
const MACHINE_TYPES: readonly (readonly [name: string, memory: number])[] = [
    ["e2-standard-2", 8],
    ["e2-highmem-2", 16],
    ["e2-highmem-4", 32],
    ["e2-highmem-8", 64],
    ["e2-highmem-16", 128],
    ["n2-highmem-32", 256],
    ["n2-highmem-64", 512],
    ["n2-highmem-96", 768],
    ["m1-ultramem-80", 1922],
];

const GIB = 1024 ** 3;

/** Of a machine's memory: what its kernel and the programs beside the trainer have. */
const RESERVED = { share: 0.04, bytes: GIB / 2 };

/** What has been read of a file. */
export interface ReadSoFar {
    rows: number;
    features: number;
    bytes: number;
    totalBytes: number | undefined;
    /** Memory for texts. */
    textBytes: number;
    /** Of each feature's value, on average: what the columns take, and `bytesPerValueOfFit`. */
    valueBytes: number;
}

/** The fits that will follow. */
export interface FitPlan {
    /** Whether a forest is grown. */
    forest: boolean;
    /** Whether a cross-validation runs several fits at the same time. */
    crossValidation: boolean;
}

/**
 * Memory that the fits take for each value of a feature, in addition to the value: a forest and a cross-validation
 * fit in all threads at the same time.
 */
export function bytesPerValueOfFit({ forest, crossValidation }: FitPlan, threads: number): number {
    const perThread = forest ? BYTES_PER_VALUE_OF_FIT.forest : crossValidation ? BYTES_PER_VALUE_OF_FIT.tree : 0;
    return BYTES_PER_VALUE_OF_ORDER + threads * perThread;
}

/**
 * Refuses a dataset that would need more memory than there is, before the kernel kills the process.
 * @param limit bytes
 * @throws {MemoryError}
 */
export function checkMemory(source: string, soFar: ReadSoFar, limit: number): void {
    const { rows, bytes, features, valueBytes } = soFar;
    const rest = bytes < FIRST_ESTIMATE_BYTES ? 0 : Math.max((soFar.totalBytes ?? 0) / bytes - 1, 0) * rows;
    if (estimateNeed(rows + rest * CERTAIN, soFar) <= limit) {
        return;
    }
    const need = estimateNeed(rows + rest, soFar);
    const machineType = MACHINE_TYPES.find(([, memory]) => usable(memory) >= need)?.[0];
    const larger =
        machineType === undefined
            ? "no machine type has so much;"
            : `take a larger machine (npx pulumi config set machineType ${machineType}), or`;
    throw new MemoryError(
        `${source} needs about ${gigabytes(need)} of memory and there are ${gigabytes(limit)}: ` +
            `${rest > 0 ? "about " : ""}${Math.round(rows + rest)} rows with ${features} features, ` +
            `${Math.round(valueBytes)} bytes for each value; ${larger} ` +
            `leave out columns (npx pulumi config set --path 'dropColumns[0]' NAME), or train on fewer rows`,
    );
}

/** Bytes that reading and training take. */
function estimateNeed(rows: number, { features, valueBytes, textBytes }: ReadSoFar): number {
    return BASE_BYTES + rows * (features * valueBytes + BYTES_PER_ROW) + textBytes;
}

/** Bytes that the trainer has on a machine with so many GiB. */
function usable(gibibytes: number): number {
    return gibibytes * GIB * (1 - RESERVED.share) - RESERVED.bytes;
}

function gigabytes(bytes: number): string {
    return `${(bytes / 1e9).toFixed(1)} GB`;
}
