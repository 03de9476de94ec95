import { availableParallelism } from "node:os";
import { valueAt } from "../columns/number-list";
import { DataError, type Problem } from "../errors";
import { aboutColumn, type Finding, shorten, typeSetting } from "../findings";
import { DATE_PARTS, type Reading, type Task } from "../model";
import { nearest } from "../nearest";
import { ColumnBuilder } from "./column-builder";
import { type Column, completeColumn, completeSpellings, findRowsWithValue, isIdentifierName } from "./columns";
import { decodeContent, type Encoding } from "./decode";
import type { Header } from "./header";
import { bytesPerEncodedValue, bytesPerValueOfFit, checkMemory, type FitPlan } from "./memory-guard";
import { trackProgress } from "./progress";
import type { RowReader, TablePlan } from "./row-reader";
import { fileRules, type ReadingSettings } from "./rules";
import { type Part, type ReadTable, readTable } from "./table-reader";
import { countCodeLists, makeTarget, type Target } from "./target";

/** A table as it was read, in memory that threads can share. `learnColumns` makes it ready for training. */
export interface Dataset {
    /** The object's `gs://` URI, for messages. */
    source: string;
    rowCount: number;
    target: Target;
    /** The columns that may become features, with `rowCount` values each. */
    columns: Column[];
    /**
     * Names of the columns that are dropped if they look like identifiers: those for which the user has not set
     * anything.
     */
    mayIdentify: ReadonlySet<string>;
    /** Columns that were not read. */
    dropped: DroppedColumn[];
    reading: Reading;
    findings: Finding[];
    /** Rows left out because their target is missing. */
    rowsWithoutTarget: number;
    /** Returns the line of a row in the file, where the header is row 1. */
    lineOf(row: number): number;
    /**
     * The rows of the file that must be ignored in determining the kinds of the columns, if some column would have a
     * different kind without these rows; undefined otherwise.
     */
    excludeFromKinds(rows: Uint32Array): ReadonlySet<number> | undefined;
}

export interface DroppedColumn {
    name: string;
    why: string;
}

/** Options that determine how the columns are used. */
export interface DatasetRequest extends ReadingSettings {
    /** Column to predict. If it is missing from the header, the result can only be problems. */
    target: string;
    /** Problems that are already known, which are reported together with those in the file. */
    problems?: readonly Problem[];
    /** All columns that must not be used as features. If undefined, columns that look like identifiers are dropped. */
    dropColumns: readonly string[] | undefined;
    /** If undefined, the target column decides: see `decideTask`. */
    task: Task | undefined;
    /** Rows of the file that are ignored in determining the kinds of the columns. @default none */
    excludedFromKinds?: ReadonlySet<number> | undefined;
    encoding?: Encoding | undefined;
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
    /** True if the content is a sample, so that too few classes or rows are not a problem. @default false */
    isPartial?: boolean;
    /** Threads used by the fits. @default os.availableParallelism */
    threads?: number | undefined;
}

/** Bytes as they arrive. `size` is their total number, if it is known when the first bytes arrive. */
export type Content = AsyncIterable<Uint8Array> & { readonly size?: number | undefined };

/** With fewer rows, a test on held-back rows would be meaningless. */
export const MIN_ROWS = 10;

/** Words that mark the last row of a table as a row of totals. */
const TOTALS = /^(grand )?(total|totals|sum|summe|gesamt|insgesamt|average|mean)$/i;

/** Largest share of the rows that may lack a target because its cell cannot be read. */
const MAX_BAD_TARGETS = 0.2;

const DELIMITER_NAMES: Record<string, string> = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" };

/**
 * Reads CSV or JSON Lines, from one file or several with the same header, into columns: finds the target, drops
 * columns, and determines the kinds of the others.
 * @throws {DataError} with one sentence, for data that cannot be used for training
 * @throws {MemoryError} as soon as it is clear that the machine does not have enough memory
 */
export async function readDataset(
    content: Content | readonly Part<Content>[],
    source: string,
    request: DatasetRequest,
    options: ReadDatasetOptions,
): Promise<Dataset> {
    const { print, now = () => performance.now(), memoryLimitBytes = Infinity } = options;
    const { fits = { forest: false, crossValidation: false, learned: 1 }, threads = availableParallelism() } = options;
    const given = Symbol.asyncIterator in content ? [{ source, content }] : content;
    const sizes = () => given.map((part) => part.content.size ?? Number.NaN);
    const totalBytes = () => options.totalBytes ?? (sizes().reduce((sum, size) => sum + size, 0) || undefined);
    const fitBytes = bytesPerValueOfFit(fits, threads);
    const encodedBytes = bytesPerEncodedValue(fits, threads);
    const progress = trackProgress(print, now, totalBytes);
    const parts = given.map((part) => ({
        source: part.source,
        content: decodeContent(part.content, part.source, request.encoding),
    }));
    const table = await readTable(parts, source, (header) => planColumns(header, source, request), {
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
                valueBytes: fitBytes + (columnBytes + encodedBytes * countEncoded(wanted)) / wanted.length,
            };
            checkMemory(source, { ...soFar, totalBytes: totalBytes() }, memoryLimitBytes);
            progress.update(reader.rowCount, bytesRead);
        },
    });
    const { header, reader, bytesRead } = table;
    const totals = dropTotals(table);
    const { problems } = reader;
    let dataset: Dataset | undefined;
    try {
        dataset = prepareDataset(table, source, request);
    } catch (error) {
        if (!(error instanceof DataError)) {
            throw error;
        }
        // A sample may lack classes, and so may a target that cannot be read.
        const isReadable = table.builders.every((builder) => builder?.role !== "target" || !reader.hasProblem(builder));
        problems.push(...(options.isPartial || !isReadable ? [] : error.problems));
    }
    if (dataset === undefined || problems.length > 0) {
        throw new DataError(problems);
    }
    const separated = `${DELIMITER_NAMES[header.delimiter] ?? header.delimiter}-separated`;
    const size = `${reader.rowCount.toLocaleString("en-US")} rows, ${header.columns.length} columns, ${separated}`;
    print(`Read ${source}: ${size}${progress.summarize(bytesRead)}`);
    const title: Finding = {
        kind: "header",
        message: `The lines above row ${header.line} are left out, because they are a title: ${JSON.stringify(header.title)}`,
    };
    return { ...dataset, findings: [...(header.title === undefined ? [] : [title]), ...totals, ...dataset.findings] };
}

/** Leaves out the last row if it holds totals. */
function dropTotals({ builders, reader }: ReadTable): Finding[] {
    const row = reader.rowCount - 1;
    for (const builder of builders) {
        const text = builder?.isDeclared === false ? builder.textOnlyIn(row) : undefined;
        if (builder !== undefined && text !== undefined && TOTALS.test(text)) {
            const place = reader.nameOf(row);
            reader.dropLastRow();
            const said = `has ${JSON.stringify(text)} in the last row (${place}), which is left out because it holds totals`;
            return [aboutColumn("bad-cells", builder.name, said, typeSetting(builder.name, "text"))];
        }
    }
    return [];
}

/**
 * Number of columns to be added for the codes of text and the parts of dates, judging by what has been read so far.
 */
function countEncoded(builders: readonly ColumnBuilder[]): number {
    const target = builders.find(({ role }) => role === "target");
    const lists = countCodeLists(target?.kind === "text" ? target.dictionary.size : 2);
    const added = { text: lists, date: DATE_PARTS.length - 1, number: 0, pending: 0 };
    return builders.reduce((sum, { role, kind }) => sum + (role === "target" ? 0 : added[kind]), 0);
}

/** Returns a builder for each column to read, and undefined for the others. */
function planColumns(header: Header, source: string, request: DatasetRequest): TablePlan {
    const { columns, delimiter } = header;
    const { target, dropColumns, types = {} } = request;
    const problems = [...(request.problems ?? []), ...checkNames(columns, source, request)];
    const dropped = new Set(listDropped(header, request).map(({ name }) => name));
    const rules = fileRules(delimiter, request);
    const builders = columns.map((name) => {
        if (dropped.has(name)) {
            return undefined;
        }
        const type = types[name] as Exclude<(typeof types)[string], "drop"> | undefined;
        const mayIdentify = dropColumns === undefined && type === undefined && isIdentifierName(name);
        const role = name === target ? "target" : mayIdentify ? "identifier" : "feature";
        return new ColumnBuilder(name, role, rules, type, role === "target" ? undefined : request.excludedFromKinds);
    });
    return { builders, rules, problems };
}

/** Columns that are not read. */
function listDropped(
    { columns, isTrailing }: Header,
    { dropColumns = [], types = {} }: Partial<DatasetRequest>,
): DroppedColumn[] {
    const byType = Object.keys(types).filter((name) => types[name] === "drop");
    return [
        ...[...new Set(dropColumns)].map((name) => ({ name, why: "dropColumns" })),
        ...byType.map((name) => ({ name, why: "types" })),
        ...(isTrailing ? [{ name: columns.at(-1) as string, why: "the header ends with a delimiter" }] : []),
    ];
}

/** Problems with columns that the settings name but the header lacks. */
function checkNames(columns: readonly string[], source: string, request: DatasetRequest): Problem[] {
    const { target, dropColumns = [], types = {} } = request;
    const number = columns.find((name) => name !== "" && Number.isFinite(Number(name)));
    if (target !== undefined && !columns.includes(target) && number !== undefined) {
        const row = `its first row (${columns.join(", ")}) has values such as ${JSON.stringify(number)}`;
        const fix = "add a first row with the column names";
        return [{ text: `${source} has no header: ${row} and no column ${JSON.stringify(target)}; ${fix}` }];
    }
    const find = (setting: string, names: readonly string[], toFix: (guess: string) => string): Problem[] =>
        names
            .filter((name) => !columns.includes(name))
            .map((name) => {
                const guess = nearest(name.toLowerCase(), columns, name.length / 3, (known) => known.toLowerCase());
                const hint = guess === undefined ? "" : `; did you mean ${JSON.stringify(guess)}?`;
                const must = setting === "target" ? "be a column" : "name columns";
                const text = `must ${must} of ${source}, which has ${quoted(columns)}; got ${JSON.stringify(name)}${hint}`;
                return { setting, text, ...(guess === undefined ? {} : { fix: toFix(guess) }) };
            });
    return [
        ...find("target", target === undefined ? [] : [target], (guess) => guess),
        ...find("dropColumns", dropColumns, (guess) => JSON.stringify([guess])),
        ...find("types", Object.keys(types), (guess) => JSON.stringify({ [guess]: "text" })),
    ];
}

function prepareDataset({ header, builders, reader }: ReadTable, source: string, request: DatasetRequest): Dataset {
    const { rowCount } = reader;
    if (rowCount === 0) {
        throw new DataError(`${source} has a header (${header.columns.join(", ")}) but no rows`);
    }
    const dropped = listDropped(header, request);
    const { bad: badTargets } = builders.find((builder) => builder?.role === "target") ?? {};
    if (badTargets !== undefined && request.onBadCell !== "missing" && badTargets.count > rowCount * MAX_BAD_TARGETS) {
        const { first, count } = badTargets;
        const got = `${JSON.stringify(first)} and the like in ${count.toLocaleString("en-US")} of ${rowCount.toLocaleString("en-US")} rows`;
        const text = `must contain only numbers, or be declared as text; got ${got}`;
        throw new DataError(`${source} column ${JSON.stringify(request.target)} ${text}: set \`types\` or \`missing\``);
    }
    const identifiers: Finding[] = [];
    const features: ColumnBuilder[] = [];
    let target: ColumnBuilder | undefined;
    for (const builder of builders) {
        builder?.removeMarkers(rowCount);
        if (builder?.role === "target") {
            target = builder;
        } else if (builder?.firstOther !== undefined) {
            if (!isDistinct(builder, rowCount)) {
                throw new DataError([reader.describe(builder, builder.firstOther)]);
            }
            const { name } = builder;
            const why = "named like an identifier and without duplicates";
            dropped.push({ name, why: `${why}; \`types\` overrides this` });
            identifiers.push(aboutColumn("identifier", name, `is left out: ${why}`, typeSetting(name, "text")));
        } else if (builder !== undefined) {
            features.push(builder);
        }
    }
    if (target === undefined) {
        throw new DataError([]); // This is known from the header.
    }
    if (features.length === 0) {
        throw noColumnLeft(source, dropped);
    }
    const kept = findRowsWithValue(target, rowCount);
    const rowsWithoutTarget = kept === undefined ? 0 : rowCount - kept.length;
    const rows = rowCount - rowsWithoutTarget;
    if (rows < MIN_ROWS) {
        const count = rows === 1 ? "1 row" : `${rows} rows`;
        const which = rowsWithoutTarget === 0 ? "" : ` with a target (${rowsWithoutTarget} without one are left out)`;
        const needed = `at least ${MIN_ROWS} are needed, for training and testing`;
        throw new DataError(`${source} has ${count}${which}: ${needed}`);
    }
    const spellings = completeSpellings(target, rowCount, kept);
    const madeTarget = makeTarget(completeColumn(target, rowCount, kept), spellings, source, request.task);
    const { missing = [], onBadCell = "stop", encoding } = request;
    return {
        source,
        rowCount: rows,
        target: madeTarget,
        columns: features.map((builder) => completeColumn(builder, rowCount, kept)),
        mayIdentify: new Set(
            request.dropColumns === undefined
                ? header.columns.filter((name) => request.types?.[name] === undefined)
                : [],
        ),
        dropped,
        reading: { missing: [...missing], onBadCell, ...(encoding === undefined ? {} : { encoding }) },
        findings: [...identifiers, ...[target, ...features].flatMap((builder) => describeReading(builder, reader))],
        rowsWithoutTarget,
        lineOf: lineFinder(reader.locator(), kept),
        excludeFromKinds: kindsFinder(features, kept),
    };
}

/** A separate function, so that its result does not keep the rest of the reader in memory. */
function lineFinder(locate: ReturnType<RowReader["locator"]>, kept: Uint32Array | undefined): Dataset["lineOf"] {
    return (row) => locate(kept?.[row] ?? row).line;
}

function kindsFinder(features: readonly ColumnBuilder[], kept: Uint32Array | undefined): Dataset["excludeFromKinds"] {
    return (rows) => {
        // Without these rows, the kinds depend on at most twice as many rows as before, because most rows remain.
        const last = 2 * Math.max(...features.map(({ decidingRows }) => decidingRows));
        const inFile = new Set<number>();
        for (let index = 0; index < rows.length && (rows[index] as number) < last; index++) {
            const row = rows[index] as number;
            inFile.add(kept?.[row] ?? row);
        }
        return features.some((builder) => builder.dependsOn(inFile)) ? inFile : undefined;
    };
}

/** Findings about cells in a column that were not read as written. */
function describeReading({ name, findings, markers, bad }: ColumnBuilder, reader: ReadTable["reader"]): Finding[] {
    const found = [...findings];
    if (markers.size > 0) {
        const listed = [...markers].map(([marker, rows]) => `${JSON.stringify(marker)} (${rows})`).join(", ");
        const said = `has ${listed}, taken for missing values`;
        found.push(aboutColumn("missing-marker", name, said, typeSetting(name, "text")));
    }
    if (bad !== undefined) {
        const cells = bad.count === 1 ? "1 cell that does" : `${bad.count} cells that do`;
        const first = `the first is ${JSON.stringify(bad.first)} in ${reader.nameOf(bad.row)}`;
        const said = `has ${cells} not fit, taken for missing values: ${first}`;
        found.push(aboutColumn("bad-cells", name, said, typeSetting(name, "text")));
    }
    return found;
}

/** True if a numeric column that contains some strings has a different value in every row. One row may lack a value. */
function isDistinct(builder: ColumnBuilder, rowCount: number): boolean {
    const list = builder.numbers.firstRows(rowCount);
    const numbers = new Set<number>();
    let missing = 0;
    for (let row = 0; row < rowCount; row++) {
        const value = valueAt(list, row);
        missing += Number.isNaN(value) ? 1 : 0;
        numbers.add(value);
    }
    return numbers.size - 1 === rowCount - missing && missing - builder.others.size <= 1;
}

/** The error for a dataset without features. */
export function noColumnLeft(source: string, dropped: readonly DroppedColumn[]): DataError {
    const without = dropped.length === 0 ? "" : ` after dropping ${quoted(dropped.map(({ name }) => name))}`;
    return new DataError(`${source} has no features left${without}: only the target remains`);
}

function quoted(names: readonly string[]): string {
    return shorten(
        names.map((name) => JSON.stringify(name)),
        20,
    );
}
