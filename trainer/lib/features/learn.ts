import { GrowingNumbers } from "../columns/growing-numbers";
import { countMissing, lengthOf, type NumberList, rawOf, type ScaledInts, valueAt } from "../columns/number-list";
import { shared } from "../columns/shared-memory";
import { type Column, type DateColumn, isIdentifierName, type TextColumn } from "../csv/columns";
import { type Dataset, type DroppedColumn, noColumnLeft } from "../csv/dataset";
import { countCodeLists, type Target } from "../csv/target";
import { aboutColumn, type Finding, typeSetting } from "../findings";
import { DATE_PARTS, type DatePart, datePart, type Feature, listParts, NUMBERS } from "../model";

/** Facts about a dataset's columns, learned from some of its rows. */
export interface Learned {
    features: Feature[];
    /** The trees' columns, in the order of `listParts`, with a value for each row in the dataset. */
    columns: NumberList[];
    dropped: DroppedColumn[];
    findings: Finding[];
    /**
     * Returns how many of these rows would get a note in a prediction because they contain a string, or a missing
     * value, that no training row had.
     */
    countUnseen(rows: Uint32Array): number;
}

/** Adds up, for each feature, the importances of its columns in the trees; the most important feature comes first. */
export function rankFeatures(
    { features }: Learned,
    ofColumns: Float64Array,
): { feature: string; importance: number }[] {
    const ranked = features.map(({ name }) => ({ feature: name, importance: 0 }));
    for (const [column, { feature }] of listParts(features).entries()) {
        (ranked[feature] as { importance: number }).importance += ofColumns[column] as number;
    }
    return ranked.sort((a, b) => b.importance - a.importance);
}

/** The columns that enter the trees as they were read; all fits share them. */
export function sharedColumns({ columns }: Dataset): NumberList[] {
    return columns.flatMap((column) => (column.kind === "number" ? [column.values] : []));
}

/** A column that enters the trees. */
interface LearnedColumn {
    feature: Feature;
    columns: NumberList[];
    /** True if a row's value is new to the feature. */
    isUnseen(row: number): boolean;
}

/**
 * Learns from some rows how the columns enter the trees: which are identifiers, where values are missing, and the codes
 * for text. All other rows are treated like rows to predict.
 * @param rows row numbers, in ascending order
 * @throws {DataError} if all columns are identifiers
 */
export function learnColumns(dataset: Dataset, rows: Uint32Array): Learned {
    const dropped: DroppedColumn[] = [];
    const findings: Finding[] = [];
    const learned: LearnedColumn[] = [];
    const empty: LearnedColumn[] = [];
    for (const [index, column] of dataset.columns.entries()) {
        const position = dataset.columns.length > 1 ? index : undefined;
        const why = dataset.mayIdentify.has(column.name) ? findIdentifier(column, rows, position) : undefined;
        if (why !== undefined) {
            dropped.push({ name: column.name, why: `${why}; \`types\` overrides this` });
            const setting = typeSetting(column.name, column.kind);
            findings.push(aboutColumn("identifier", column.name, `is left out: ${why}`, setting));
            continue;
        }
        const entry = learnColumn(column, dataset, rows);
        const isConstant = entry.columns.every((values) => rows.every((row) => isSame(values, row, rows[0] as number)));
        if (isConstant) {
            findings.push(describeConstant(column, rows));
        }
        (isConstant && column.kind !== "number" ? empty : learned).push(entry);
    }
    if (learned.length + empty.length === 0) {
        throw noColumnLeft(dataset.source, [...dataset.dropped, ...dropped]);
    }
    // A tree needs at least one column, even a useless one.
    const used = learned.length > 0 ? learned : empty.slice(0, 1);
    return {
        features: used.map(({ feature }) => feature),
        columns: used.flatMap(({ columns }) => columns),
        dropped,
        findings,
        countUnseen: (some) => some.reduce((sum, row) => sum + (used.some((it) => it.isUnseen(row)) ? 1 : 0), 0),
    };
}

function learnColumn(column: Column, { target }: Dataset, rows: Uint32Array): LearnedColumn {
    const { name, values } = column;
    if (column.kind === "text") {
        const { indices, columns, ...codes } = learnCodes(column, target, rows);
        return {
            feature: { name, kind: "text", ...codes },
            columns,
            isUnseen: (row) => indices[column.values.ints[row] as number] === -1,
        };
    }
    const missing = countMissing(values) > 0 && rows.some((row) => Number.isNaN(valueAt(values, row)));
    const isUnseen = (row: number) => !missing && Number.isNaN(valueAt(values, row));
    if (column.kind === "number") {
        const format = column.format === undefined ? {} : { format: column.format };
        return { feature: { name, kind: "number", missing, ...format }, columns: [values], isUnseen };
    }
    const parts = DATE_PARTS.map((part) => ({ part, list: partOf(column, part) }));
    const varying = parts.filter(({ list }) => rows.some((row) => !isSame(list, row, rows[0] as number)));
    const used = varying.length > 0 ? varying : parts.slice(0, 1);
    return {
        feature: {
            ...{ name, kind: "date", missing, order: column.order, parts: used.map(({ part }) => part) },
            ...(column.skipsBadCells ? { skipsBadCells: true } : {}),
        },
        columns: used.map(({ list }) => list),
        isUnseen,
    };
}

const PARTS = new WeakMap<DateColumn, Map<DatePart, NumberList>>();

/** One part of every date in a column, computed once. */
function partOf(column: DateColumn, part: DatePart): NumberList {
    const known = PARTS.get(column) ?? new Map<DatePart, NumberList>([["time", column.values]]);
    PARTS.set(column, known);
    const found = known.get(part);
    if (found !== undefined) {
        return found;
    }
    const length = lengthOf(column.values);
    const list = new GrowingNumbers();
    list.reserve(length);
    for (let row = 0; row < length; row++) {
        list.set(row, datePart(valueAt(column.values, row), part, NUMBERS));
    }
    known.set(part, list.firstRows(length));
    return list.firstRows(length);
}

function isSame(list: NumberList, row: number, other: number): boolean {
    const raw = rawOf(list);
    return Object.is(raw[row], raw[other]);
}

function describeConstant(column: Column, rows: Uint32Array): Finding {
    const { name } = column;
    const setting = typeSetting(name, "drop");
    const first = rows[0] as number;
    if (column.kind === "text" && !rows.every((row) => isSame(column.values, row, first))) {
        const said = "is not used, because hardly any of its strings occur in more than one row";
        return aboutColumn("rare-text", name, said, setting);
    }
    const stored = valueAt(column.values, first);
    const value = column.kind === "text" ? column.dictionary.text(stored) : stored;
    const said = `has the same value in every row (${JSON.stringify(value)}), so it carries no information`;
    return aboutColumn("constant", name, said, setting);
}

/** Names of columns with row numbers, which other columns may have too. R writes `X`, but `x` is a common feature. */
const ROW_NUMBERS = /^(X|([Nn][Oo]|[Nn][Rr]|[Nn]um|[Nn]umber|[Oo]bs|#|\.\.\.1)\.?)$/;

/** Names of columns that count time; their values may well follow the order of the rows. */
const TIMES =
    /(^|[ _.-])(t|time|timestamp|date|year|quarter|month|week|day|hour|minute|second|step|period)s?($|[ _.-])/i;

/** With fewer rows, integers in ascending order may well be measurements. */
const MIN_NUMBERED_ROWS = 50;

/**
 * The reason why a column's name and its values in some rows make it an identifier; undefined if they do not.
 * @param position index of the column; undefined for the only column, which must not be left out on a mere guess
 */
function findIdentifier(column: Column, rows: Uint32Array, position: number | undefined): string | undefined {
    const { name, values } = column;
    if (isIdentifierName(name)) {
        return isDistinct(column, rows) ? "named like an identifier and without duplicates" : undefined;
    }
    const isPlain = column.kind === "number" && column.format === undefined;
    if (position === undefined || !isPlain || !hasIntegers(values, rows)) {
        return undefined;
    }
    if (ROW_NUMBERS.test(name) && isDense(values, rows) && isDistinct(column, rows)) {
        return "named like a row number and without duplicates";
    }
    // Programs write row numbers into the first column.
    const mayNumber = position === 0 && rows.length >= MIN_NUMBERED_ROWS && !TIMES.test(name);
    return mayNumber && isDense(values, rows) && isAscending(values, rows) ? "it numbers the rows" : undefined;
}

/** True if no two rows have the same value. One row may lack a value. */
function isDistinct({ kind, values }: Column, rows: Uint32Array): boolean {
    if (kind !== "text" && isAscending(values, rows)) {
        return true;
    }
    const raw = rawOf(values);
    const sorted = raw.slice(0, rows.length).map((_, index) => raw[rows[index] as number] as number);
    sorted.sort();
    // NaN differs from NaN, but two missing values count as equal.
    return sorted.every((value: number, index: number) => index === 0 || !Object.is(value, sorted[index - 1]));
}

function hasIntegers(values: NumberList, rows: Uint32Array): boolean {
    const areInts = !ArrayBuffer.isView(values) && values.scale === 1;
    return areInts || rows.every((row) => Number.isInteger(valueAt(values, row)));
}

function isAscending(values: NumberList, rows: Uint32Array): boolean {
    const raw = rawOf(values);
    for (let index = 1; index < rows.length; index++) {
        if (!((raw[rows[index] as number] as number) > (raw[rows[index - 1] as number] as number))) {
            return false;
        }
    }
    return true;
}

/** True if the integers run from 0 or 1 upwards with few gaps: at most one more for every ten rows. */
function isDense(values: NumberList, rows: Uint32Array): boolean {
    const all = (rows.at(-1) ?? 0) + 1;
    let [low, high] = [Infinity, -Infinity];
    for (const row of rows) {
        const value = valueAt(values, row);
        low = Math.min(low, value);
        high = Math.max(high, value);
    }
    return low >= 0 && low <= 1 + all / 10 && high <= 1 + all * 1.1;
}

/** A string that occurs in fewer rows than this is treated as other. The limit is 3 if the table has few rows. */
const MIN_ROWS = 5;
const FEW_ROWS = 50;

/** Weight of the overall mean in a category's mean, as a number of rows. */
const SMOOTHING = 10;

/** Codes are whole numbers: shares in millionths, or the position between the lowest and the highest mean. */
const STEPS = { classification: 1e6, regression: 1e8 };

interface Codes {
    categories: string[];
    codes: number[][];
    other: number[];
    /** For each list, the codes for all rows. */
    columns: ScaledInts[];
    /** For each string in the column's dictionary, its index in `categories`, or -1. */
    indices: Int32Array;
}

/**
 * Learns codes that grow with the share of a class, or with the mean of the target, among the rows of a category:
 * smoothed target statistics (Micci-Barreca, A preprocessing scheme for high-cardinality categorical attributes, 2001).
 * Codes learned from rows other than those that they encode, as in scikit-learn's TargetEncoder, were less accurate on
 * 13 of 19 real datasets, because they blur which rows share a category.
 */
function learnCodes(column: TextColumn, target: Target, rows: Uint32Array): Codes {
    const { dictionary, values } = column;
    const counts = new Uint32Array(dictionary.size);
    for (const row of rows) {
        const entry = values.ints[row] as number;
        counts[entry] = (counts[entry] as number) + 1;
    }
    const least = rows.length < FEW_ROWS ? 3 : MIN_ROWS;
    const kept = [...counts.keys()].filter((entry) => (counts[entry] as number) >= least);
    const named = kept.map((entry) => ({ entry, text: dictionary.text(entry) }));
    named.sort(({ text: a }, { text: b }) => (a < b ? -1 : 1));
    const indices = new Int32Array(dictionary.size).fill(-1);
    for (const [index, { entry }] of named.entries()) {
        indices[entry] = index;
    }
    // All other strings form one more category.
    const groups = named.length + 1;
    const groupOf = (row: number) => {
        const index = indices[values.ints[row] as number] as number;
        return index < 0 ? named.length : index;
    };
    const lists = listTargets(target, rows).map((measure) => {
        const sums = new Float64Array(groups);
        const sizes = new Float64Array(groups);
        for (const row of rows) {
            const group = groupOf(row);
            sums[group] = (sums[group] as number) + measure(row);
            sizes[group] = (sizes[group] as number) + 1;
        }
        return encode(sums, sizes, target.task);
    });
    return {
        categories: named.map(({ text }) => text),
        codes: lists.map((codes) => codes.slice(0, -1)),
        other: lists.map((codes) => codes.at(-1) as number),
        columns: lists.map((codes) => {
            const ints = shared(Int32Array, values.ints.length);
            for (let row = 0; row < ints.length; row++) {
                ints[row] = codes[groupOf(row)] as number;
            }
            return { ints, scale: 1 };
        }),
        indices,
    };
}

/** The numbers whose means are encoded: the target or, for each of the most frequent classes, 1 for its rows. */
function listTargets(target: Target, rows: Uint32Array): ((row: number) => number)[] {
    if (target.task === "regression") {
        return [(row) => target.y[row] as number];
    }
    const counts = new Float64Array(target.classes.length);
    for (const row of rows) {
        (counts[target.y[row] as number] as number)++;
    }
    const byCount = [...counts.keys()].sort((a, b) => (counts[b] as number) - (counts[a] as number));
    const classes = byCount.length === 2 ? [1] : byCount;
    return classes.slice(0, countCodeLists(classes.length)).map((label) => (row) => (target.y[row] === label ? 1 : 0));
}

/** The codes for groups: their smoothed means, scaled to whole numbers. */
function encode(sums: Float64Array, sizes: Float64Array, task: Target["task"]): number[] {
    const prior = sum(sums) / sum(sizes);
    const weights = sizes.map((size) => size + SMOOTHING);
    const means = Array.from(sums, (total, group) => (total + SMOOTHING * prior) / (weights[group] as number));
    const low = task === "classification" ? 0 : means.reduce((least, mean) => Math.min(least, mean), Infinity);
    const high = task === "classification" ? 1 : means.reduce((most, mean) => Math.max(most, mean), -Infinity);
    const codes = means.map((mean) => (high === low ? 0 : Math.round(((mean - low) / (high - low)) * STEPS[task])));
    return makeDistinct(codes);
}

function sum(values: Float64Array): number {
    return values.reduce((total, value) => total + value, 0);
}

/** Raises codes that equal others, so that categories with the same mean can still be told apart. */
function makeDistinct(codes: readonly number[]): number[] {
    const distinct = [...codes];
    const order = [...codes.keys()].sort((a, b) => (codes[a] as number) - (codes[b] as number) || a - b);
    for (const [position, index] of order.slice(1).entries()) {
        const before = distinct[order[position] as number] as number;
        distinct[index] = Math.max(distinct[index] as number, before + 1);
    }
    return distinct;
}
