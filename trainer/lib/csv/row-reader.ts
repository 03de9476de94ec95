import type { GrowingNumbers } from "../columns/growing-numbers";
import { POWERS_OF_TEN } from "../columns/number-list";
import { DataError, type Problem } from "../errors";
import type { ByteWindow } from "./byte-window";
import { CellScanner, CR, CUT, LF, ROW_END } from "./cell-scanner";
import type { CellProblem, ColumnBuilder } from "./column-builder";
import type { Header } from "./header";
import { readDigits } from "./number-bytes";
import { describeBadCell, describeRagged, expectRows, LineNumbers } from "./rows";
import { type FileRules, textOf } from "./rules";

const COMMA = 44;
const DOT = 46;
const MINUS = 45;
const ZERO = 48;

/** Maximum length of a row in bytes. A longer row is assumed to contain a quote that is never closed. */
const MAX_ROW_BYTES = 64 * 1024 * 1024;

/** After the first problem, this many more rows are searched for other problems. */
const MORE_ROWS = 100_000;

/** Returned instead of an index if the end of the row has not arrived yet. */
const CUT_ROW = -1;

/** The rules for cells, a builder for each column to read, and problems with the header. */
export interface TablePlan {
    builders: readonly (ColumnBuilder | undefined)[];
    rules: FileRules;
    problems?: readonly Problem[];
}

/** Reads rows from a window into columns. */
export class RowReader {
    /** Number of complete rows. */
    rowCount = 0;
    /** The files, each with its first row. */
    readonly #files: { source: string; from: number; lines: LineNumbers }[] = [];
    #source = "";
    #header: Header;
    /** A builder for each column; undefined for columns that are left out. */
    readonly #builders: readonly (ColumnBuilder | undefined)[];
    /** The lists for the columns that are known to hold plain numbers. */
    #numbers: (GrowingNumbers | undefined)[] = [];
    /** Number of rows for which memory is allocated. */
    #capacity = 0;
    readonly #totalBytes: () => number | undefined;
    /** Lines are counted from 1, as in an editor. */
    #line: number;
    #lastRowLine: number;
    readonly #scanner: CellScanner;
    readonly #delimiter: number;
    readonly #decimalMark: number;
    // State of the current row:
    #cells = 0;
    #lineBreaks = 0;
    #firstExtra = "";
    #badColumn: ColumnBuilder | undefined;
    #problem: CellProblem | undefined;

    readonly #headerProblems: readonly Problem[];
    /** The first cell in each column that does not fit. */
    readonly #badCells = new Map<ColumnBuilder, CellProblem>();
    /** Reading stops before this row. */
    #lastRow: number;

    /** `totalBytes`: the size of the file, if it is known when the first rows are read. */
    constructor(
        header: Header,
        { builders, rules: { decimalComma }, problems = [] }: TablePlan,
        totalBytes: () => number | undefined,
    ) {
        this.#headerProblems = problems;
        this.#lastRow = problems.length > 0 ? MORE_ROWS : Infinity;
        this.#totalBytes = totalBytes;
        this.#header = header;
        this.#builders = builders;
        this.#line = header.nextLine;
        this.#lastRowLine = header.line;
        this.#delimiter = header.delimiter.charCodeAt(0);
        this.#decimalMark = decimalComma ? COMMA : DOT;
        this.#scanner = new CellScanner(this.#delimiter);
    }

    #allocate(window: ByteWindow): void {
        const bytesRead = window.received - (window.end - window.start);
        this.#capacity = expectRows(this.rowCount, bytesRead, this.#totalBytes());
        for (const builder of this.#builders) {
            builder?.reserve(this.#capacity);
        }
        this.#refresh();
    }

    /**
     * Begins the next file.
     * @throws {DataError} if its header differs from that of the first file
     */
    begin(source: string, header: Header): void {
        const [first] = this.#files;
        const describe = ({ columns, delimiter }: Header) => JSON.stringify(columns.join(delimiter));
        if (first !== undefined && describe(header) !== describe(this.#header)) {
            const text = `must have the same header as ${first.source}, ${describe(this.#header)}; got ${describe(header)}`;
            throw new DataError([...this.problems, { text: `${source} row ${header.line} ${text}` }]);
        }
        this.#source = source;
        this.#header = header;
        this.#line = header.nextLine;
        this.#lastRowLine = header.line;
        this.#files.push({ source, from: this.rowCount, lines: new LineNumbers() });
    }

    /** Returns a function that finds the file that contains a row, and the line of the row in that file. */
    locator(): (row: number) => { source: string; line: number } {
        const files = this.#files;
        return (row) => {
            const { source = "", lines } = files.filter(({ from }) => from <= row).at(-1) ?? {};
            return { source, line: lines?.lineOf(row) ?? 0 };
        };
    }

    /** A row, as it is named in a finding. */
    nameOf(row: number): string {
        const { source, line } = this.locator()(row);
        return this.#files.length > 1 ? `row ${line} of ${source}` : `row ${line}`;
    }

    /** Problems with the header and with cells: only the first one in each column. */
    get problems(): Problem[] {
        const ofCells = [...this.#badCells].map(([builder, problem]) => this.describe(builder, problem));
        return [...this.#headerProblems, ...ofCells];
    }

    /**
     * Takes all complete rows from the window.
     * @throws {DataError} with every problem, if reading on is impossible or pointless
     */
    read(window: ByteWindow, final: boolean, isLastFile: boolean): void {
        try {
            this.#readRows(window, final);
            this.#settle(final && isLastFile);
        } catch (error) {
            throw error instanceof DataError ? new DataError([...this.problems, ...error.problems]) : error;
        }
        if (this.rowCount >= this.#lastRow) {
            throw new DataError(this.problems);
        }
    }

    #readRows(window: ByteWindow, final: boolean): void {
        const { bytes, end } = window;
        while (window.start < end) {
            if (this.rowCount >= this.#capacity) {
                this.#allocate(window);
            }
            const next = this.#readRow(bytes, window.start, end, final);
            if (next === CUT_ROW) {
                break;
            }
            window.start = next;
        }
        if (end - window.start > MAX_ROW_BYTES) {
            throw new DataError(`${this.#source} after row ${this.#lastRowLine}: a quoted cell is never closed`);
        }
    }

    hasProblem(builder: ColumnBuilder): boolean {
        return this.#badCells.has(builder);
    }

    dropLastRow(): void {
        this.rowCount--;
        for (const builder of this.#builders) {
            // The first cell that does not fit is in the last row, so it is the only one.
            if (builder?.bad?.row === this.rowCount) {
                builder.bad = undefined;
                this.#badCells.delete(builder);
            }
        }
    }

    describe(builder: ColumnBuilder, { row, problem }: CellProblem): Problem {
        const rows = this.rowCount;
        const { source, line } = this.locator()(row);
        const cell = `${source} row ${line}, column ${JSON.stringify(builder.name)}`;
        const advice =
            `(${builder.countNumbers(rows)} of ${rows}); ` +
            "correct it, remove the row or the column, or set `missing`, `types` or `onBadCell`";
        return { text: `${cell}: ${problem}${problem.endsWith("numbers") ? ` ${advice}` : ""}` };
    }

    /**
     * Reads the row that begins at `from`; returns the start of the next one, or `CUT_ROW`. Plain numbers are read
     * here, in one pass over their bytes; the scanner reads every other cell.
     */
    #readRow(bytes: Uint8Array, from: number, limit: number, final: boolean): number {
        const { rowCount: row } = this;
        const numbers = this.#numbers;
        const delimiter = this.#delimiter;
        const decimalMark = this.#decimalMark;
        const lastColumn = this.#header.columns.length - 1;
        this.#lineBreaks = 0;
        this.#problem = undefined;
        let at = from;
        for (let column = 0; ; column++) {
            const list = numbers[column];
            if (list !== undefined) {
                // bytes[limit] is not part of a number, so no index needs to be compared with the limit.
                let index = at;
                let digit = (bytes[index] as number) - ZERO;
                const negative = digit === MINUS - ZERO;
                if (negative) {
                    digit = (bytes[++index] as number) - ZERO;
                }
                const first = index;
                // Nine digits fit into a 32-bit integer, which is faster than a double.
                let integer = 0;
                while (digit >= 0 && digit <= 9) {
                    integer = (Math.imul(integer, 10) + digit) | 0;
                    digit = (bytes[++index] as number) - ZERO;
                }
                let digits = index - first;
                let scale = 0;
                if (digit === decimalMark - ZERO) {
                    const fraction = ++index;
                    digit = (bytes[index] as number) - ZERO;
                    while (digit >= 0 && digit <= 9) {
                        integer = (Math.imul(integer, 10) + digit) | 0;
                        digit = (bytes[++index] as number) - ZERO;
                    }
                    scale = index - fraction;
                    digits = scale === 0 ? 0 : digits + scale;
                }
                let next = 0;
                if (digit === delimiter - ZERO) {
                    next = index + 1;
                } else if (column === lastColumn && digit === LF - ZERO) {
                    next = index + 1;
                } else if (
                    column === lastColumn &&
                    digit === CR - ZERO &&
                    bytes[index + 1] === LF &&
                    index + 1 < limit
                ) {
                    next = index + 2;
                }
                if (next !== 0 && (digits > 0 || index === at)) {
                    let isRead = true;
                    if (digits <= 9 && digits > 0 && scale === list.decimals) {
                        list.ints[row] = negative ? 0 - integer : integer;
                    } else {
                        let value = Number.NaN; // The cell is empty.
                        if (digits > 9) {
                            value = readDigits(bytes, first, index, scale);
                            isRead = value >= 0;
                        } else if (digits > 0) {
                            value = integer / (POWERS_OF_TEN[scale] as number);
                        }
                        if (isRead) {
                            list.set(row, negative ? 0 - value : value);
                        }
                    }
                    if (isRead) {
                        at = next;
                        if (digit === delimiter - ZERO) {
                            continue;
                        }
                        this.#cells = column + 1;
                        return this.#endRow(next);
                    }
                }
            }
            const cellEnd = this.#readCell(bytes, at, column, limit, final);
            at = this.#scanner.next;
            if (cellEnd === CUT) {
                return CUT_ROW;
            }
            if (cellEnd === ROW_END) {
                return this.#endRow(at);
            }
        }
    }

    #readCell(bytes: Uint8Array, at: number, column: number, limit: number, final: boolean): number {
        const scanner = this.#scanner;
        const cellEnd = scanner.scan(bytes, at, limit, final);
        if (cellEnd > CUT) {
            const line = this.#line + this.#lineBreaks;
            throw new DataError(`${this.#source} ${describeBadCell(cellEnd, this.#lastRowLine, line, column + 1)}`);
        }
        if (cellEnd === CUT) {
            return cellEnd;
        }
        this.#lineBreaks += scanner.lineBreaks;
        this.#cells = column + 1;
        if (column === 0 && cellEnd === ROW_END && !scanner.quoted && scanner.start === scanner.end) {
            this.#cells = 0; // A blank line.
        } else if (column < this.#builders.length) {
            const builder = this.#builders[column];
            const problem = builder?.put(this.rowCount, scanner.bytes, scanner.start, scanner.end);
            if (problem !== undefined && this.#problem === undefined) {
                this.#problem = problem;
                this.#badColumn = builder;
            }
        } else if (column === this.#builders.length) {
            this.#firstExtra = textOf(scanner.bytes, scanner.start, scanner.end);
        }
        return cellEnd;
    }

    /** Counts a row or a blank line, which ends at `next`. */
    #endRow(next: number): number {
        const line = this.#line;
        this.#line += 1 + this.#lineBreaks;
        if (this.#cells === 0) {
            return next;
        }
        const wanted = this.#header.columns.length;
        // A delimiter at the end of the header or the row.
        const isTrailing =
            (this.#cells === wanted - 1 && this.#header.isTrailing) ||
            (this.#cells === wanted + 1 && this.#firstExtra === "");
        if (this.#cells !== wanted && !isTrailing) {
            const problem = describeRagged(this.#cells, this.#header.columns, this.#firstExtra);
            throw new DataError(`${this.#source} row ${line} ${problem}`);
        }
        this.#files.at(-1)?.lines.add(this.rowCount, line);
        this.#lastRowLine = line;
        this.rowCount++;
        if (this.#problem !== undefined && this.#badColumn !== undefined) {
            this.#report(this.#badColumn, this.#problem);
        }
        return next;
    }

    /** Determines the kind of each column for which this is already possible. */
    #settle(final: boolean): void {
        const pending = this.#builders.filter((builder) => builder?.kind === "pending") as ColumnBuilder[];
        if (pending.length === 0) {
            return;
        }
        // Evidence about the decimal mark in one column helps to decide the others.
        const ready = pending.filter((builder) => builder.examine(this.rowCount, final));
        for (const builder of ready) {
            const problem = builder.settle(this.rowCount);
            if (problem !== undefined) {
                this.#report(builder, problem);
            }
        }
        this.#refresh();
    }

    #report(builder: ColumnBuilder, problem: CellProblem): void {
        if (!this.#badCells.has(builder)) {
            this.#badCells.set(builder, problem);
            this.#lastRow = Math.min(this.#lastRow, this.rowCount + MORE_ROWS);
        }
    }

    #refresh(): void {
        this.#numbers = this.#builders.map((builder) => (builder?.isPlain ? builder.numbers : undefined));
    }
}
