import { availableParallelism } from "node:os";
import { lengthOf, type NumberList, rawOf, valueAt } from "../columns/number-list";
import { DataError } from "../errors";
import { type Feature, type Task, usesDecimalComma } from "../model";
import { ColumnBuilder } from "./column-builder";
import {
    type Column,
    completeColumn,
    describeFeature,
    findRowsWithValue,
    isDistinct,
    isIdentifierName,
} from "./columns";
import type { Header } from "./header";
import { bytesPerValueOfFit, checkMemory, type FitPlan } from "./memory-guard";
import { Progress } from "./progress";
import { type ReadTable, readTable } from "./table-reader";
import { makeTarget, type Target } from "./target";

/** A table ready for training: columns of numbers in memory that threads can share. */
export interface Dataset {
    /** The object's `gs://` URI, for messages. */
    source: string;
    rowCount: number;
    target: Target;
    features: Feature[];
    /** One list per feature, with `rowCount` values. Text is stored as an index into the feature's categories. */
    columns: NumberList[];
    dropped: DroppedColumn[];
    /** Sentences about columns that the user may want to change. */
    warnings: string[];
    /** Rows left out because their target is missing. */
    rowsWithoutTarget: number;
}

export interface DroppedColumn {
    name: string;
    why: string;
}

/** Options that determine how the columns are used. */
export interface DatasetRequest {
    /** Column to predict. */
    target: string;
    /** All columns that must not be used as features. If undefined, columns that look like identifiers are dropped. */
    dropColumns: readonly string[] | undefined;
    /** If undefined, the values of the target column determine the task: see `decideTask`. */
    task: Task | undefined;
}

/** Dependencies and limits for reading a dataset. */
export interface ReadDatasetOptions {
    /** Writes a line to the log. */
    print(line: string): void;
    /** The current time in milliseconds. @default performance.now */
    now?: () => number;
    /** The object's size, if it is known. @default `bytes.size` */
    totalBytes?: number | undefined;
    /** Memory that may be used, in bytes. @default no limit */
    memoryLimitBytes?: number | undefined;
    /** The fits that run after the file has been read, which also need memory. @default one tree */
    fits?: FitPlan | undefined;
    /** Threads used by the fits. @default os.availableParallelism */
    threads?: number | undefined;
}

/** Bytes as they arrive. `size` is their total number, if it is known when the first bytes arrive. */
export type Content = AsyncIterable<Uint8Array> & { readonly size?: number | undefined };

/** With fewer rows, a test on held-back rows would be meaningless. */
export const MIN_ROWS = 10;

const DELIMITER_NAMES: Record<string, string> = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" };

/**
 * Reads a CSV file into columns: finds the target, drops columns, and types and encodes the others.
 * @throws {DataError} with one sentence, for data that cannot be used for training
 * @throws {MemoryError} as soon as it is clear that the machine does not have enough memory
 */
export async function readDataset(
    bytes: Content,
    source: string,
    request: DatasetRequest,
    options: ReadDatasetOptions,
): Promise<Dataset> {
    const { print, now = () => performance.now(), memoryLimitBytes = Infinity } = options;
    const { fits = { forest: false, crossValidation: false }, threads = availableParallelism() } = options;
    const totalBytes = () => options.totalBytes ?? bytes.size;
    const fitBytes = bytesPerValueOfFit(fits, threads);
    const progress = new Progress(print, now, totalBytes);
    const table = await readTable(bytes, source, (header) => planColumns(header, source, request), {
        totalBytes,
        onProgress: ({ builders, reader, bytesRead }) => {
            const wanted = builders.filter((builder) => builder !== undefined);
            const columnBytes = wanted.reduce((sum, { numbers }) => sum + numbers.bytesPerValue, 0);
            const textBytes = wanted.reduce((sum, { byteLength }) => sum + byteLength, 0);
            const soFar = {
                rows: reader.rowCount,
                features: wanted.length - 1,
                bytes: bytesRead,
                textBytes,
                valueBytes: fitBytes + columnBytes / wanted.length,
            };
            checkMemory(source, { ...soFar, totalBytes: totalBytes() }, memoryLimitBytes);
            progress.update(reader.rowCount, bytesRead);
        },
    });
    const { header, reader, bytesRead } = table;
    if (reader.rowCount === 0) {
        throw new DataError(`${source} has a header (${header.columns.join(", ")}) but no rows`);
    }
    const separated = `${DELIMITER_NAMES[header.delimiter] ?? header.delimiter}-separated`;
    const size = `${reader.rowCount} rows, ${header.columns.length} columns, ${separated}`;
    print(`Read ${source}: ${size}${progress.summarize(bytesRead)}`);
    return prepareDataset(table, source, request);
}

/** Returns a builder for each column to read, and undefined for the others. */
function planColumns(header: Header, source: string, request: DatasetRequest): (ColumnBuilder | undefined)[] {
    const { columns, delimiter } = header;
    const { target, dropColumns } = request;
    checkTarget(columns, source, target);
    const unknown = (dropColumns ?? []).filter((name) => !columns.includes(name));
    if (unknown.length > 0) {
        throw new DataError(
            `${source} has no column ${quoted(unknown)}, listed in \`dropColumns\`; it has ${quoted(columns)}`,
        );
    }
    const dropped = new Set(dropColumns);
    if (columns.every((name) => name === target || dropped.has(name))) {
        throw noColumnLeft(source, [...dropped]);
    }
    const decimalComma = usesDecimalComma(delimiter);
    return columns.map((name) => {
        if (dropped.has(name)) {
            return undefined;
        }
        const mayIdentify = dropColumns === undefined && isIdentifierName(name);
        return new ColumnBuilder(
            name,
            name === target ? "target" : mayIdentify ? "identifier" : "feature",
            decimalComma,
        );
    });
}

function checkTarget(columns: readonly string[], source: string, target: string): void {
    if (columns.includes(target)) {
        return;
    }
    const number = columns.find((name) => Number.isFinite(Number(name)));
    if (number !== undefined) {
        throw new DataError(
            `${source} has no header: its first row (${columns.join(", ")}) has values such as ` +
                `${JSON.stringify(number)} and no column ${JSON.stringify(target)}; add a first row with the column names`,
        );
    }
    throw new DataError(`${source} has no column ${JSON.stringify(target)} to predict; it has ${quoted(columns)}`);
}

function prepareDataset(
    { builders, reader }: ReadTable,
    source: string,
    { dropColumns, task }: DatasetRequest,
): Dataset {
    const { rowCount } = reader;
    const dropped = [...new Set(dropColumns)].map((name) => ({ name, why: "dropColumns" }));
    const features: ColumnBuilder[] = [];
    let target: ColumnBuilder | undefined;
    for (const builder of builders) {
        if (builder?.role === "target") {
            target = builder;
        } else if (builder?.role === "identifier" && isDistinct(builder, rowCount)) {
            const why = "named like an identifier and different in every row; `dropColumns` overrides this";
            dropped.push({ name: builder.name, why });
        } else if (builder?.firstOther !== undefined) {
            throw reader.describe(builder, builder.firstOther, rowCount);
        } else if (builder !== undefined) {
            features.push(builder);
        }
    }
    if (target === undefined || features.length === 0) {
        throw noColumnLeft(
            source,
            dropped.map(({ name }) => name),
        );
    }
    const kept = findRowsWithValue(target, rowCount);
    const rowsWithoutTarget = kept === undefined ? 0 : rowCount - kept.length;
    checkRows(source, rowCount, rowsWithoutTarget);
    const madeTarget = makeTarget(completeColumn(target, rowCount, kept), source, task);
    const columns = features.map((builder) => completeColumn(builder, rowCount, kept));
    return {
        source,
        rowCount: rowCount - rowsWithoutTarget,
        target: madeTarget,
        features: columns.map(describeFeature),
        columns: columns.map(({ values }) => values),
        dropped,
        warnings: columns.flatMap(warnOfColumn),
        rowsWithoutTarget,
    };
}

function checkRows(source: string, rowCount: number, rowsWithoutTarget: number): void {
    const rows = rowCount - rowsWithoutTarget;
    if (rows < MIN_ROWS) {
        const count = rows === 1 ? "1 row" : `${rows} rows`;
        const which = rowsWithoutTarget === 0 ? "" : ` with a target (${rowsWithoutTarget} without one are left out)`;
        throw new DataError(
            `${source} has ${count}${which}: at least ${MIN_ROWS} are needed, for training and testing`,
        );
    }
}

function warnOfColumn(column: Column): string[] {
    const subject = `Column ${JSON.stringify(column.name)}`;
    const raw = rawOf(column.values);
    if (
        column.kind === "text" ? column.categories.length === 1 : raw.every((value: number) => Object.is(value, raw[0]))
    ) {
        const value = column.kind === "text" ? column.categories[0] : valueAt(column.values, 0);
        return [`${subject} has the same value in every row (${JSON.stringify(value)}), so it carries no information`];
    }
    if (column.kind === "text" && column.categories.length * 2 > lengthOf(column.values)) {
        return [
            `${subject} has different text in most rows, so it carries little information; ` +
                `consider adding it to dropColumns`,
        ];
    }
    return [];
}

function noColumnLeft(source: string, dropped: readonly string[]): DataError {
    const without = dropped.length === 0 ? "" : ` after dropping ${quoted(dropped)}`;
    return new DataError(`${source} has no features left${without}: only the target remains`);
}

function quoted(names: readonly string[]): string {
    const shown = names.slice(0, 20).map((name) => JSON.stringify(name));
    return names.length > shown.length
        ? `${shown.join(", ")} and ${names.length - shown.length} more`
        : shown.join(", ");
}
