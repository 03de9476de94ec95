import { MISSING_INT, type NumberList, type ScaledInts } from "../columns/number-list";

/**
 * The order of a column, computed once and shared by every fit on the table: one word for each row, sorted by value,
 * with the row number in the upper 31 bits and, in bit 0, whether the value equals that of the previous word.
 *
 * Missing values (NaN) come last, in one group of equal values with `Number.MAX_VALUE` and Infinity, because no
 * threshold in JSON is above these. -0 equals 0. Equal values are in row order.
 */

const DIGIT_BITS = 11;
const DIGITS = 3;
const BUCKETS = 1 << DIGIT_BITS;
const DIGIT_MASK = BUCKETS - 1;

/** Key for all doubles that go right at every split. No number has this key: it would be a NaN. */
const LAST_KEY = 0xffffffff;

/** Runs of equal upper halves up to this length are sorted by insertion, longer ones by their lower halves. */
const LONG_RUN = 48;

/** Memory for sorting: arrays with at least one word for each row. Their content is undefined. */
export interface SortScratch {
    keys: readonly [Uint32Array, Uint32Array];
    rows: Uint32Array;
}

/**
 * Sorts a column with a least-significant-digit radix sort; see the top of this file.
 * @param order receives the result, one word for each row
 */
export function sortColumn(column: NumberList, order: Uint32Array, scratch: SortScratch): void {
    if (ArrayBuffer.isView(column)) {
        sortDoubles(column, order, scratch);
    } else {
        sortInts(column, order, scratch);
    }
}

/** Sorts integers by their distance from the smallest one. The distance usually fits in two digits. */
function sortInts({ ints }: ScaledInts, order: Uint32Array, scratch: SortScratch): void {
    let smallest = MISSING_INT;
    let largest = -MISSING_INT;
    for (let row = 0; row < ints.length; row++) {
        const int = ints[row] as number;
        smallest = Math.min(smallest, int);
        largest = int === MISSING_INT ? largest : Math.max(largest, int);
    }
    const [firstKeys, otherKeys] = scratch.keys;
    for (let row = 0; row < ints.length; row++) {
        // The key of missing values is one above that of the largest integer.
        firstKeys[row] = Math.min(ints[row] as number, largest + 1) - smallest;
    }
    const keys = radixSort(firstKeys, otherKeys, order, scratch.rows, ints.length);
    for (let index = 0; index < order.length; index++) {
        const tie = index > 0 && keys[index] === keys[index - 1] ? 1 : 0;
        order[index] = ((order[index] as number) << 1) | tie;
    }
}

/**
 * Doubles are sorted by the upper halves of their bits; few numbers agree in all of these 32 bits without being equal,
 * and a second step corrects their order.
 */
function sortDoubles(column: Float64Array, order: Uint32Array, scratch: SortScratch): void {
    const halves = new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
    const [firstKeys, otherKeys] = scratch.keys;
    const lowerHalvesDiffer = makeKeys(column, halves, firstKeys);
    const keys = radixSort(firstKeys, otherKeys, order, scratch.rows, column.length);
    if (lowerHalvesDiffer) {
        sortRuns(column, halves, keys, order);
    }
    markTies(column, keys, order, lowerHalvesDiffer);
}

/**
 * Makes keys from the upper halves that sort as unsigned integers in the order of the numbers: the sign bit of a
 * positive number is set, all bits of a negative one are flipped. Returns whether the lower halves matter.
 */
function makeKeys(column: Float64Array, halves: Uint32Array, keys: Uint32Array): boolean {
    let lower = 0;
    for (let row = 0; row < column.length; row++) {
        const value = column[row] as number;
        if (value < Number.MAX_VALUE) {
            // Adding 0 turns -0 into 0, whose upper half is 0.
            const upper = value === 0 ? 0 : (halves[2 * row + 1] as number);
            keys[row] = upper ^ ((upper >> 31) | 0x80000000);
            lower |= halves[2 * row] as number;
        } else {
            keys[row] = LAST_KEY;
        }
    }
    return lower !== 0;
}

/**
 * Sorts keys and their row numbers, which are 0, 1, 2 ... at first. The sorted row numbers end up in `order`.
 * @returns the sorted keys, which are in one of the two arrays
 */
function radixSort(
    first: Uint32Array,
    second: Uint32Array,
    order: Uint32Array,
    spare: Uint32Array,
    length: number,
): Uint32Array {
    const counts = new Uint32Array(BUCKETS * DIGITS);
    for (let index = 0; index < length; index++) {
        const key = first[index] as number;
        (counts[key & DIGIT_MASK] as number)++;
        (counts[BUCKETS + ((key >>> DIGIT_BITS) & DIGIT_MASK)] as number)++;
        (counts[2 * BUCKETS + (key >>> (2 * DIGIT_BITS))] as number)++;
    }
    // If all keys have the same digit, no pass is needed for it.
    const digits = [0, 1, 2].filter((digit) => {
        const shared = ((first[0] as number) >>> (digit * DIGIT_BITS)) & DIGIT_MASK;
        return counts[digit * BUCKETS + shared] !== length;
    });
    let [fromKeys, toKeys] = [first, second];
    // After an even number of passes, the result is in the array where the data began.
    let [fromRows, toRows] = digits.length % 2 === 0 ? [order, spare] : [spare, order];
    for (let row = 0; row < length; row++) {
        fromRows[row] = row;
    }
    for (const digit of digits) {
        const starts = counts.subarray(digit * BUCKETS, (digit + 1) * BUCKETS);
        countsToStarts(starts, 0);
        distribute(fromKeys, fromRows, toKeys, toRows, 0, length, digit * DIGIT_BITS, starts);
        [fromKeys, toKeys] = [toKeys, fromKeys];
        [fromRows, toRows] = [toRows, fromRows];
    }
    return fromKeys;
}

/** Replaces the size of each bucket with the index of its first entry, beginning with `first` for the first bucket. */
export function countsToStarts(counts: Uint32Array, first: number): void {
    let start = first;
    for (let bucket = 0; bucket < counts.length; bucket++) {
        const count = counts[bucket] as number;
        counts[bucket] = start;
        start += count;
    }
}

/** Moves the keys and rows at indices `start` to `end` - 1 into their buckets, whose first indices are `starts`. */
export function distribute(
    fromKeys: Uint32Array,
    fromRows: Uint32Array,
    toKeys: Uint32Array,
    toRows: Uint32Array,
    start: number,
    end: number,
    shift: number,
    starts: Uint32Array,
): void {
    const mask = starts.length - 1;
    for (let index = start; index < end; index++) {
        const key = fromKeys[index] as number;
        const bucket = (key >>> shift) & mask;
        const target = starts[bucket] as number;
        starts[bucket] = target + 1;
        toKeys[target] = key;
        toRows[target] = fromRows[index] as number;
    }
}

/** Sorts each run of equal upper halves by value. */
function sortRuns(column: Float64Array, halves: Uint32Array, keys: Uint32Array, order: Uint32Array): void {
    let start = 0;
    while (start < order.length) {
        const key = keys[start] as number;
        let end = start + 1;
        while (end < order.length && keys[end] === key) {
            end++;
        }
        if (end - start > 1 && key !== LAST_KEY) {
            if (end - start <= LONG_RUN) {
                insertionSort(column, order, start, end);
            } else {
                sortByLowerHalves(column, halves, order.subarray(start, end), key < 0x80000000);
            }
        }
        start = end;
    }
}

function insertionSort(column: Float64Array, order: Uint32Array, start: number, end: number): void {
    for (let index = start + 1; index < end; index++) {
        const row = order[index] as number;
        const value = column[row] as number;
        let position = index;
        while (position > start && (column[order[position - 1] as number] as number) > value) {
            order[position] = order[position - 1] as number;
            position--;
        }
        order[position] = row;
    }
}

/** Sorts a long run, whose numbers differ only in their lower halves; for negative numbers, these sort in reverse. */
function sortByLowerHalves(column: Float64Array, halves: Uint32Array, run: Uint32Array, negative: boolean): void {
    const length = run.length;
    const rows = run.slice();
    const first = new Uint32Array(length);
    for (let index = 0; index < length; index++) {
        const row = rows[index] as number;
        const lower = column[row] === 0 ? 0 : (halves[2 * row] as number);
        first[index] = negative ? ~lower : lower;
    }
    radixSort(first, new Uint32Array(length), run, new Uint32Array(length), length);
    for (let index = 0; index < length; index++) {
        run[index] = rows[run[index] as number] as number;
    }
}

/** Turns row numbers into the words described at the top of this file. */
function markTies(column: Float64Array, keys: Uint32Array, order: Uint32Array, lowerHalvesDiffer: boolean): void {
    let keyBefore = -1;
    let rowBefore = 0;
    for (let index = 0; index < order.length; index++) {
        const key = keys[index] as number;
        const row = order[index] as number;
        const tie =
            key === keyBefore && (key === LAST_KEY || !lowerHalvesDiffer || column[row] === column[rowBefore]) ? 1 : 0;
        order[index] = (row << 1) | tie;
        keyBefore = key;
        rowBefore = row;
    }
}
