/**
 * Lists of entries: for each column, the rows of a node, sorted by the column's value. An entry is one word:
 *
 *     row | class | weight - 1 | tie
 *
 * so that search and partition read memory in sequence without looking anything up by row. `tie` indicates that the
 * value equals that of the previous entry in the same node. A class that does not fit is looked up; a row whose weight
 * does not fit has more than one entry.
 */
export interface Layout {
    rowShift: number;
    classShift: number;
    /** 0 if entries do not hold a class. */
    classMask: number;
    /** 0 if entries do not hold a weight, in which case each counts once. */
    weightMask: number;
}

/** Only one row in many millions counts so often that it would need more bits. */
const MAX_WEIGHT_BITS = 3;

/** More bits would not fit into a code (see below), which also has a sign bit and a bit in place of the tie. */
const MAX_CLASS_BITS = 11;

/**
 * Chooses how the bits of an entry are used.
 * @param classes number of classes, 0 for a regression
 * @param weighted rows may count more than once
 * @param wordBits size of an entry, which is 32 except in tests
 */
export function chooseLayout(rowCount: number, classes: number, weighted: boolean, wordBits = 32): Layout {
    const free = wordBits - 1 - bitsFor(rowCount);
    const wanted = classes === 0 ? 0 : bitsFor(classes);
    const classBits = wanted <= Math.min(free, MAX_CLASS_BITS) ? wanted : 0;
    const weightBits = weighted ? Math.min(MAX_WEIGHT_BITS, Math.max(0, free - classBits)) : 0;
    return {
        rowShift: 1 + weightBits + classBits,
        classShift: 1 + weightBits,
        classMask: 2 ** classBits - 1,
        weightMask: 2 ** weightBits - 1,
    };
}

/** Number of bits needed to represent 0 to count - 1. */
function bitsFor(count: number): number {
    return 32 - Math.clz32(Math.max(count - 1, 0));
}

/** The rows in a fit, in the form from which all of the fit's lists are filled. */
export interface Sample {
    /** For each row number, SAMPLED and the row's entry without its number; 0 if the row is not in the fit. */
    codes: Int16Array;
    /** The number of times that each row counts, by row number. */
    weights: Uint8Array;
    entries: number;
    /** Sum of the weights. */
    rows: number;
}

/** The bit in a code that is set if the row is in the fit. It has the same position as the tie in an entry. */
const SAMPLED = 1;

/** The bit in a code that is set if the row needs more than one entry. */
const REPEATED = 0x8000;

/**
 * Creates the sample in which `weights` specifies, by row number, how many times each row counts.
 * @param weights at most 255 each
 * @param labels class of each row, unused if entries do not hold it
 */
export function makeSample(
    weights: Uint8Array,
    labels: ArrayLike<number>,
    { classShift, classMask, weightMask }: Layout,
): Sample {
    const codes = new Int16Array(weights.length);
    let entries = 0;
    let rows = 0;
    for (let row = 0; row < weights.length; row++) {
        const weight = weights[row] as number;
        if (weight > 0) {
            const label = classMask === 0 ? 0 : (labels[row] as number) << classShift;
            const parts = Math.ceil(weight / (weightMask + 1));
            codes[row] = label | SAMPLED | (parts > 1 ? REPEATED : (weight - 1) << 1);
            rows += weight;
            entries += parts;
        }
    }
    return { codes, weights, entries, rows };
}

/**
 * Fills a column's list for the root of a tree.
 * @param list may be the same memory as `order` when each row has one entry, because writes never overtake reads
 * @param order order of the column (see sort.ts)
 */
export function fillList(list: Uint32Array, order: Uint32Array, sample: Sample, layout: Layout): void {
    const { codes, weights } = sample;
    const { rowShift, weightMask } = layout;
    let length = 0;
    // True if an entry with this value has already been written.
    let begun = 0;
    for (let index = 0; index < order.length; index++) {
        const word = order[index] as number;
        const row = word >>> 1;
        const code = codes[row] as number;
        begun &= word;
        if (code < 0) {
            const base = (row << rowShift) | (code & ~REPEATED & ~SAMPLED & 0xffff);
            for (let left = weights[row] as number; left > 0; left -= weightMask + 1) {
                list[length++] = base | (Math.min(left - 1, weightMask) << 1) | begun;
                begun = 1;
            }
        } else {
            // The entry is always written, and overwritten by the next one unless it counts, so no branch can be
            // mispredicted.
            list[length] = (row << rowShift) | (code & ~SAMPLED) | begun;
            length += code & SAMPLED;
            begun |= code & SAMPLED;
        }
    }
}

/**
 * Divides a node's stretch in each of several lists: the rows that come before `index` in the stretch of the list `by`
 * move to the front. `by` is divided already. Both sides keep their order.
 * @param memory one bit for each row, all 0 between calls, and room for the rows of a stretch
 */
export function divideLists(
    lists: Iterable<Uint32Array>,
    by: Uint32Array,
    { start, end, index }: { start: number; end: number; index: number },
    rowShift: number,
    { marks, scratch }: { marks: Uint32Array; scratch: Uint32Array },
): void {
    markRows(marks, by, start, index, rowShift, 1);
    for (const list of lists) {
        if (list !== by) {
            partitionList(list, start, end, marks, rowShift, scratch);
        }
    }
    markRows(marks, by, start, index, rowShift, 0);
}

function markRows(marks: Uint32Array, list: Uint32Array, start: number, end: number, rowShift: number, mark: 0 | 1) {
    for (let index = start; index < end; index++) {
        const row = (list[index] as number) >>> rowShift;
        marks[row >>> 5] = ((marks[row >>> 5] as number) & ~(1 << (row & 31))) | (mark << (row & 31));
    }
}

/** Moves the entries of marked rows to the front. The first entry with a value on a side begins a group there. */
function partitionList(
    list: Uint32Array,
    start: number,
    end: number,
    marks: Uint32Array,
    rowShift: number,
    scratch: Uint32Array,
): void {
    let left = start;
    let right = 0;
    let leftBegun = 0;
    let rightBegun = 0;
    // This loop avoids a branch: the side of the next entry is unpredictable, so the processor would guess wrong half
    // the time.
    for (let index = start; index < end; index++) {
        const entry = list[index] as number;
        const row = entry >>> rowShift;
        const side = ((marks[row >>> 5] as number) >>> (row & 31)) & 1;
        leftBegun &= entry;
        rightBegun &= entry;
        const base = entry & -2;
        // `left` is never ahead of `index`, so no unread entry is overwritten.
        list[left] = base | leftBegun;
        scratch[right] = base | rightBegun;
        left += side;
        right += 1 - side;
        leftBegun |= side;
        rightBegun |= side ^ 1;
    }
    if (right > 64) {
        list.set(scratch.subarray(0, right), left);
    } else {
        for (let index = 0; index < right; index++) {
            list[left + index] = scratch[index] as number;
        }
    }
}
