import { CellScanner, CR, CUT, DELIMITER, LF, OPEN_QUOTE } from "../../trainer/lib/csv/cell-scanner";
import { readNumber } from "../../trainer/lib/csv/number-bytes";

/** Maximum number of characters to show from an invalid row. */
const MAX_LINE_SHOWN = 80;

/**
 * One row of a CSV file. Its bytes stay valid until the next batch of rows is read, and its cells are decoded on
 * demand.
 */
export class CsvRow {
    /** The reason why the row has no cells. */
    problem: string | undefined;
    /** Number of lines that the row occupies in an editor. */
    lines = 1;
    /** Number of cells. */
    count = 0;
    /** Line number as shown in an editor. The header is line 1 if nothing precedes it. */
    readonly line: number;
    readonly #bytes: Buffer;
    readonly #start: number;
    #end = 0;
    /** Start and end of each cell in a whole batch of rows. */
    readonly #offsets: number[];
    readonly #first: number;
    #text: string | undefined;
    #cells: string[] | undefined;

    constructor(line: number, bytes: Buffer, start: number, offsets: number[]) {
        this.line = line;
        this.#bytes = bytes;
        this.#start = start;
        this.#offsets = offsets;
        this.#first = offsets.length;
    }

    /** The row's text in the file, without its line break; empty after `fitTo`. */
    get text(): string {
        this.#text ??= this.#bytes.toString("utf8", this.#start, this.#end);
        return this.#text;
    }

    /** Cells without quotes or surrounding spaces. Empty if there is a `problem`. */
    get cells(): string[] {
        this.#cells ??= Array.from({ length: this.count }, (_, position) => this.#decode(position));
        return this.#cells;
    }

    cell(position: number): string {
        return this.#cells === undefined ? this.#decode(position) : (this.#cells[position] as string);
    }

    /** The number in a cell; NaN if the cell does not contain a number or must be read as text. */
    number(position: number, decimalComma: boolean): number {
        if (this.#cells !== undefined) {
            return Number.NaN;
        }
        const at = this.#first + 2 * position;
        return readNumber(this.#bytes, this.#offsets[at] as number, this.#offsets[at + 1] as number, decimalComma);
    }

    /** Adjusts the number of cells. This clears the row's text, because it no longer matches the cells. */
    fitTo(count: number): void {
        const { cells } = this;
        this.#cells = Array.from({ length: count }, (_, position) => cells[position] ?? "");
        this.count = count;
        this.#text = "";
    }

    /** Adds the cell that the scanner has just read. */
    add(scanner: CellScanner): void {
        // The scanner reuses its buffer for a cell with doubled quotes.
        if (scanner.bytes !== this.#bytes || this.#cells !== undefined) {
            this.cells.push((scanner.bytes as Buffer).toString("utf8", scanner.start, scanner.end));
        }
        this.#offsets.push(scanner.start, scanner.end);
        this.count++;
        this.lines += scanner.lineBreaks;
    }

    /** Ends the row's text at an offset. */
    endAt(end: number): this {
        this.#end = end;
        return this;
    }

    /** Turns this into an invalid row that consists of one line. */
    fail(problem: string, end: number): this {
        const line = this.endAt(end).text;
        this.problem = `${problem}: ${line.length > MAX_LINE_SHOWN ? `${line.slice(0, MAX_LINE_SHOWN)}…` : line}`;
        this.#cells = [];
        this.count = 0;
        this.lines = 1;
        return this;
    }

    #decode(position: number): string {
        const at = this.#first + 2 * position;
        return this.#bytes.toString("utf8", this.#offsets[at], this.#offsets[at + 1]);
    }
}

/** The bytes from which rows are taken. */
interface Bytes {
    readonly bytes: Buffer;
    /** The offset at which the row starts, and the offset after its last byte. */
    readonly start: number;
    readonly end: number;
    /** True if the file ends with these bytes. */
    readonly final: boolean;
    /** True if the row is already too long, so that an open quote is an error. */
    readonly tooLong: boolean;
}

/** Takes rows from bytes with the trainer's scanner. */
export class RowTaker {
    /** The offset at which the next row starts, after a row has been taken. */
    next = 0;
    /** True if the row that was taken is a blank line. */
    blank = false;
    readonly #scanner: CellScanner;
    #offsets: number[] = [];

    constructor(delimiter: string) {
        this.#scanner = new CellScanner(delimiter.charCodeAt(0));
    }

    /** Begins a batch of rows. */
    begin(): void {
        this.#offsets = [];
    }

    /**
     * Takes the row that begins at `start`, according to RFC 4180, but allows spaces around a quoted cell. If the
     * quotes in a row are misplaced, it takes only the first line, so that the next line begins another row.
     *
     * @returns undefined if the row continues beyond the bytes
     */
    take(source: Bytes, line: number): CsvRow | undefined {
        const { bytes, start, end, final, tooLong } = source;
        const scanner = this.#scanner;
        const row = new CsvRow(line, bytes, start, this.#offsets);
        for (let at = start; ; at = scanner.next) {
            let cellEnd = scanner.scan(bytes, at, end, final);
            if (cellEnd === CUT && tooLong && scanner.quoted) {
                const atEnd = scanner.scan(bytes, at, end, true);
                cellEnd = atEnd > CUT ? atEnd : CUT;
            }
            if (cellEnd === CUT) {
                return undefined;
            }
            if (cellEnd > CUT) {
                const problem = cellEnd === OPEN_QUOTE ? NEVER_ENDS : AFTER;
                return this.#takeLine(row, source, problem);
            }
            row.add(scanner);
            if (cellEnd !== DELIMITER) {
                break;
            }
        }
        this.next = scanner.next;
        this.blank = row.count === 1 && !scanner.quoted && scanner.start === scanner.end;
        return row.endAt(start + lengthBeforeLineEnd(bytes, start, scanner.next));
    }

    #takeLine(row: CsvRow, { bytes, start, end, final }: Bytes, problem: string): CsvRow | undefined {
        let at = start;
        while (at < end && bytes[at] !== LF && bytes[at] !== CR) {
            at++;
        }
        if (!final && (at === end || (bytes[at] === CR && at + 1 === end))) {
            return undefined;
        }
        this.next = at === end ? end : at + (bytes[at] === CR && at + 1 < end && bytes[at + 1] === LF ? 2 : 1);
        this.blank = false;
        return row.fail(problem, at);
    }
}

const NEVER_ENDS = "a quoted cell is never closed";
const AFTER = 'text follows the end of a quoted cell; write "" for a quote within the cell';

function lengthBeforeLineEnd(bytes: Buffer, start: number, next: number): number {
    let end = next;
    if (end > start && bytes[end - 1] === LF) {
        end--;
    }
    return (end > start && bytes[end - 1] === CR ? end - 1 : end) - start;
}
