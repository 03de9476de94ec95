import type { Hyperparameters, Task } from "./arguments";
import { type Column, describeFeature, distinct, encodeFeature, encodeText, isIdentifier, readColumn } from "./columns";
import type { Table } from "./csv";
import { DataError } from "./errors";
import type { Feature } from "./model-format";

/** A table made ready for training: numbers only. */
export interface Dataset {
    source: string;
    target: Target;
    features: Feature[];
    /** One list for each row, in the order of `features`. */
    x: number[][];
    dropped: DroppedColumn[];
    /** What a person should know, and can change. */
    warnings: string[];
}

/** What is predicted: for classes `y` holds their places in `classes`. */
export type Target =
    | { task: "classification"; name: string; y: number[]; classes: string[]; why: string }
    | { task: "regression"; name: string; y: number[]; why: string };

/** A column that is not trained on. */
export interface DroppedColumn {
    name: string;
    why: string;
}

/** With fewer rows nothing can be said about the rows held back. */
export const MIN_ROWS = 10;

/** Whole numbers are taken for classes up to so many different values ... */
const MAX_NUMERIC_CLASSES = 10;

/** ... and if each occurs in so many rows on average. */
const MIN_ROWS_PER_NUMERIC_CLASS = 5;

/** More classes than this, or than half of the rows, are no classes: the target is a name or a free text. */
const MAX_CLASSES = 1000;

/**
 * Finds the target, drops columns, types and encodes the rest.
 * @throws {DataError} in one sentence, for data that cannot be trained on
 */
export function prepareDataset(table: Table, hyperparameters: Hyperparameters): Dataset {
    const targetIndex = findTarget(table, hyperparameters.target);
    const dropped = dropColumns(table, targetIndex, hyperparameters.dropColumns);
    const droppedNames = new Set(dropped.map((column) => column.name));
    const kept = table.columns.flatMap((name, index) =>
        index === targetIndex || droppedNames.has(name) ? [] : [index],
    );
    if (kept.length === 0) {
        const without = dropped.length === 0 ? "" : ` after dropping ${quoted([...droppedNames])}`;
        throw new DataError(`${table.source} has no column left to learn from${without}: it has only the target`);
    }
    if (table.rows.length < MIN_ROWS) {
        const rows = table.rows.length === 1 ? "1 row" : `${table.rows.length} rows`;
        throw new DataError(
            `${table.source} has ${rows}: at least ${MIN_ROWS} are needed, some to train and some to test`,
        );
    }
    const target = readTarget(table, targetIndex, hyperparameters.task);
    const columns = kept.map((index) => readColumn(table, index));
    const encoded = columns.map(encodeFeature);
    return {
        source: table.source,
        target,
        features: columns.map(describeFeature),
        x: table.rows.map((_, row) => encoded.map((values) => values[row] ?? Number.NaN)),
        dropped,
        warnings: columns.flatMap((column) => warnOfColumn(column, table.rows.length)),
    };
}

function findTarget(table: Table, target: string): number {
    const index = table.columns.indexOf(target);
    if (index >= 0) {
        return index;
    }
    const number = table.columns.find((name) => Number.isFinite(Number(name)));
    if (number !== undefined) {
        throw new DataError(
            `${table.source} has no header: its first row (${table.columns.join(", ")}) holds values such as ` +
                `${JSON.stringify(number)} and no column ${JSON.stringify(target)}; put a row with the columns' names first`,
        );
    }
    throw new DataError(
        `${table.source} has no column ${JSON.stringify(target)} to predict; it has ${quoted(table.columns)}`,
    );
}

function dropColumns(table: Table, targetIndex: number, names: readonly string[] | undefined): DroppedColumn[] {
    if (names === undefined) {
        return table.columns
            .filter((_, index) => index !== targetIndex && isIdentifier(table, index))
            .map((name) => ({
                name,
                why: "named as an identifier, different in every row; --dropColumns=[] keeps it",
            }));
    }
    const unknown = names.filter((name) => !table.columns.includes(name));
    if (unknown.length > 0) {
        throw new DataError(
            `${table.source} has no column ${quoted(unknown)}, which \`dropColumns\` names; it has ${quoted(table.columns)}`,
        );
    }
    return [...new Set(names)].map((name) => ({ name, why: "dropColumns" }));
}

function readTarget(table: Table, index: number, wanted: Task | undefined): Target {
    const column = readColumn(table, index);
    const { name } = column;
    const place = `${table.source} column ${JSON.stringify(name)}`;
    const { task, why } = decideTask(column, wanted);
    if (task === "classification") {
        const labels = column.kind === "text" ? column.values : column.values.map(String);
        const classes = sortClasses(column);
        if (classes.length < 2) {
            throw new DataError(`${place} has one class only (${quoted(classes)}): at least two are needed`);
        }
        if (classes.length > Math.min(MAX_CLASSES, labels.length / 2)) {
            throw new DataError(
                `${place} has ${classes.length} different values in ${labels.length} rows: too many to be classes`,
            );
        }
        return { task, name, why, classes, y: encodeText(labels, classes) };
    }
    if (column.kind === "text") {
        throw new DataError(
            `${place} holds text such as ${quoted([column.values[0] ?? ""])}: a regression needs numbers`,
        );
    }
    // Two values are not only a poor regression: ml-cart refuses a first split that leaves no error at all.
    if (new Set(column.values).size < 3) {
        throw new DataError(
            `${place} has fewer than 3 different values: a regression needs more (--task=classification for classes)`,
        );
    }
    return { task, name, why, y: column.values };
}

/**
 * Text is a classification. Numbers are a regression, unless they look like classes: whole numbers, at most 10
 * different ones, each in 5 rows or more on average. The hyperparameter `task` decides otherwise.
 */
export function decideTask(column: Column, wanted: Task | undefined): { task: Task; why: string } {
    if (wanted !== undefined) {
        return { task: wanted, why: `--task=${wanted}` };
    }
    if (column.kind === "text") {
        return { task: "classification", why: "the target is text" };
    }
    const different = new Set(column.values).size;
    const likeClasses =
        different <= MAX_NUMERIC_CLASSES &&
        different * MIN_ROWS_PER_NUMERIC_CLASS <= column.values.length &&
        column.values.every(Number.isInteger);
    return likeClasses
        ? {
              task: "classification",
              why: `the target has ${different} different whole numbers; --task=regression changes it`,
          }
        : { task: "regression", why: "the target is numbers; --task=classification changes it" };
}

function sortClasses(column: Column): string[] {
    return column.kind === "text"
        ? distinct(column.values)
        : [...new Set(column.values)].sort((a, b) => a - b).map(String);
}

function warnOfColumn(column: Column, rows: number): string[] {
    if (column.kind === "number" || new Set(column.values).size * 2 <= rows) {
        return [];
    }
    return [
        `Column ${JSON.stringify(column.name)} holds a different text in most rows, so it can teach little: ` +
            `name it in dropColumns, unless you know better`,
    ];
}

function quoted(names: readonly string[]): string {
    const shown = names.slice(0, 20).map((name) => JSON.stringify(name));
    return names.length > shown.length
        ? `${shown.join(", ")} and ${names.length - shown.length} more`
        : shown.join(", ");
}
