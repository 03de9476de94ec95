import { GrowingNumbers } from "../columns/growing-numbers";
import { countMissing, lengthOf, type NumberList, rawOf, valueAt } from "../columns/number-list";
import type { Column, DateColumn, TextColumn } from "../csv/columns";
import { type Dataset, type DroppedColumn, noColumnLeft } from "../csv/dataset";
import { aboutColumn, type Finding, typeSetting } from "../findings";
import { DATE_PARTS, type DatePart, datePart, type Feature, listParts, NUMBERS } from "../model";
import { learnCodes } from "./codes";
import { findIdentifier } from "./identifiers";

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

/** The columns that enter the trees as they were read, which all fits share. */
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
            findings.push(
                aboutColumn("identifier", column.name, `is left out: ${why}`, typeSetting(column.name, column.kind)),
            );
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
        throw noColumnLeft(
            dataset.source,
            [...dataset.dropped, ...dropped].map(({ name }) => name),
        );
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
    if (column.kind === "text" && !isConstantText(column, rows)) {
        const said = "is not used, because hardly any of its strings occurs in several rows";
        return aboutColumn("rare-text", name, said, setting);
    }
    const first = rows[0] as number;
    const value =
        column.kind === "text"
            ? column.dictionary.text(column.values.ints[first] as number)
            : valueAt(column.values, first);
    const said = `has the same value in every row (${JSON.stringify(value)}), so it carries no information`;
    return aboutColumn("constant", name, said, setting);
}

function isConstantText({ values }: TextColumn, rows: Uint32Array): boolean {
    return rows.every((row) => isSame(values, row, rows[0] as number));
}
