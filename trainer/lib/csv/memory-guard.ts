import { MemoryError } from "../errors";

/** Measured memory used by the program itself, its threads, and the data in transit from the bucket. */
const BASE_BYTES = 120_000_000;

/** Measured memory used per row for its target, its entries in the lists of rows, its predictions, and sorting. */
const BYTES_PER_ROW = 56;

/** Size of a value's entry in the sort order of its column. A single tree is grown in the memory of these orders. */
const BYTES_PER_VALUE_OF_ORDER = 4;

/** Size of a code for text, or of a part of a date. */
const BYTES_PER_CODE = 4;

/**
 * Size of a value's entry in the copy of the orders that each concurrent fit uses. A forest also needs ranks, which
 * doubles the size.
 */
const BYTES_PER_VALUE_OF_FIT = { tree: 4, forest: 8 };

/** The number of remaining rows is not estimated until this many bytes have been read. */
const FIRST_ESTIMATE_BYTES = 1_000_000;

/** The rest of a file may have shorter or longer rows, so only this share of the expected rows counts as certain. */
const CERTAIN = 0.8;

/**
 * Machine types by memory in GiB: https://cloud.google.com/compute/docs/general-purpose-machines and
 * https://cloud.google.com/compute/docs/memory-optimized-machines.
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

/** Memory that the kernel and other programs use on a machine. */
const RESERVED = { share: 0.04, bytes: GIB / 2 };

export interface ReadSoFar {
    rows: number;
    features: number;
    bytes: number;
    totalBytes: number | undefined;
    textBytes: number;
    /** Average memory for each value of a feature: its size in the columns plus `bytesPerValueOfFit`. */
    valueBytes: number;
}

/** The fits that run after the file has been read. */
export interface FitPlan {
    forest: boolean;
    /** True if a cross-validation runs several fits at the same time. */
    crossValidation: boolean;
    /** Number of sets of columns that are learned from different rows and exist at the same time. */
    learned: number;
}

/**
 * Memory that the fits use for each value of a feature, in addition to the value. In a forest or a cross-validation,
 * all threads fit at the same time.
 */
export function bytesPerValueOfFit({ forest, crossValidation }: FitPlan, threads: number): number {
    const perThread = forest ? BYTES_PER_VALUE_OF_FIT.forest : crossValidation ? BYTES_PER_VALUE_OF_FIT.tree : 0;
    return BYTES_PER_VALUE_OF_ORDER + threads * perThread;
}

/**
 * Memory for each row of a column that encodes text or a part of a date: its value and its place in the order, in every
 * set of learned columns, and the copies for the fits.
 */
export function bytesPerEncodedValue(plan: FitPlan, threads: number): number {
    const ofFits = bytesPerValueOfFit(plan, threads) - BYTES_PER_VALUE_OF_ORDER;
    return plan.learned * (BYTES_PER_CODE + BYTES_PER_VALUE_OF_ORDER) + ofFits;
}

/**
 * Number of threads, at least 1, that have enough memory to fit trees of a forest at the same time.
 * @param limit bytes
 */
export function countThreads(processors: number, rows: number, columns: number, limit: number): number {
    const perThread = rows * (columns * BYTES_PER_VALUE_OF_FIT.forest + BYTES_PER_ROW);
    // The columns, the base and the grown trees also need memory.
    const left = limit / 2 - BASE_BYTES - rows * columns * BYTES_PER_VALUE_OF_ORDER;
    return Math.max(1, Math.min(processors, Math.floor(left / perThread)));
}

/**
 * Rejects a dataset that needs more memory than is available, before the kernel kills the process.
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
    const usable = (gibibytes: number) => gibibytes * GIB * (1 - RESERVED.share) - RESERVED.bytes;
    const machineType = MACHINE_TYPES.find(([, memory]) => usable(memory) >= need)?.[0];
    const gigabytes = (memory: number) => `${(memory / 1e9).toFixed(1)} GB`;
    const larger =
        machineType === undefined
            ? "no machine type has that much memory;"
            : `use a larger machine (npx pulumi config set machineType ${machineType}), or`;
    throw new MemoryError(
        `${source} needs about ${gigabytes(need)} of memory, but only ${gigabytes(limit)} is available: ` +
            `${rest > 0 ? "about " : ""}${Math.round(rows + rest).toLocaleString("en-US")} rows with ${features} features, ` +
            `${Math.round(valueBytes)} bytes for each value; ${larger} ` +
            `leave out columns (npx pulumi config set --path 'dropColumns[0]' NAME), or train on fewer rows`,
    );
}

function estimateNeed(rows: number, { features, valueBytes, textBytes }: ReadSoFar): number {
    return BASE_BYTES + rows * (features * valueBytes + BYTES_PER_ROW) + textBytes;
}
