import { once } from "node:events";
import { pipeline, Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { DataError } from "./errors";

/** A CSV file as text. Rows are numbered as an editor numbers lines: the header is row 1. */
export interface Table {
    /** The object's `gs://` URI, for messages. */
    source: string;
    delimiter: string;
    columns: string[];
    rows: string[][];
    /** For each row the line of the file that it begins on. */
    rowNumbers: number[];
}

/** What may separate cells; the first wins a tie. */
const DELIMITERS = [",", ";", "\t", "|"];

/** A header longer than this is no header: a file of another kind, or a quote that is never closed. Characters. */
const MAX_HEADER_LENGTH = 1_000_000;

/**
 * Reads CSV as it arrives: UTF-8 with or without byte order mark, LF, CRLF or CR, quoted cells, and the delimiter that
 * the header uses. Blank lines are skipped, spaces around a cell are not part of it.
 * @throws {DataError} naming the row, for what is no such CSV
 */
export async function readCsv(bytes: AsyncIterable<Uint8Array>, source: string): Promise<Table> {
    const text = decodeUtf8(bytes, source);
    const head = await readHead(text, source);
    const delimiter = sniffDelimiter(firstLine(head) ?? head);
    const lines = new LineCounter();
    const parser = parse({
        delimiter,
        record_delimiter: ["\r\n", "\n", "\r"],
        relax_column_count: true,
        skip_empty_lines: true,
        trim: true,
        // Called as soon as the row is read; what comes out of the parser is late by its buffer.
        on_record: (cells: string[], info) => {
            lines.add(cells, info.lines);
            return cells;
        },
    });
    // The callback keeps a failure from being thrown twice: the loop over the parser throws it.
    pipeline(Readable.from(chunksFrom(head, text)), parser, () => {});
    try {
        return await collect(parser, lines, source, delimiter);
    } catch (error) {
        if (error instanceof CsvError) {
            throw new DataError(`${source} ${describeCsvError(error, lines)}`, { cause: error });
        }
        throw error;
    } finally {
        parser.destroy();
        if (!parser.closed) {
            await once(parser, "close");
        }
    }
}

/** Turns the parser's line numbers, which count a CRLF within quotes twice, into those of an editor. */
class LineCounter {
    /** For each row, the header too, the line that it begins on. */
    readonly begins: number[] = [];
    private countedTwice = 0;

    /** Takes note of a row; the parser tells the line that it ends on. */
    add(cells: readonly string[], parserLine: number): void {
        const text = cells.join();
        this.begins.push(this.lineOf(parserLine) - (text.match(/[\r\n]/g)?.length ?? 0));
        this.countedTwice += text.match(/\r\n/g)?.length ?? 0;
    }

    lineOf(parserLine: number): number {
        return parserLine - this.countedTwice;
    }
}

async function collect(
    rows: AsyncIterable<string[]>,
    lines: LineCounter,
    source: string,
    delimiter: string,
): Promise<Table> {
    const table: Table = { source, delimiter, columns: [], rows: [], rowNumbers: [] };
    for await (const cells of rows) {
        const row = lines.begins[table.columns.length === 0 ? 0 : table.rows.length + 1] ?? 0;
        if (table.columns.length === 0) {
            checkHeader(cells, `${source} row ${row}`);
            table.columns = cells;
            continue;
        }
        if (cells.length !== table.columns.length) {
            throw new DataError(raggedMessage(cells, row, table));
        }
        table.rows.push(cells);
        table.rowNumbers.push(row);
    }
    if (table.columns.length === 0) {
        throw new DataError(`${source} is empty: a CSV file with a header row is needed`);
    }
    if (table.rows.length === 0) {
        throw new DataError(`${source} has a header (${table.columns.join(", ")}) but no rows`);
    }
    return table;
}

async function* decodeUtf8(bytes: AsyncIterable<Uint8Array>, source: string): AsyncGenerator<string, void> {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let offset = 0;
    const decode = (chunk?: Uint8Array) => {
        try {
            return decoder.decode(chunk, { stream: chunk !== undefined });
        } catch (cause) {
            const where = offset === 0 ? "" : ` after byte ${offset}`;
            throw new DataError(`${source} is not UTF-8 text${where}: save it as "CSV UTF-8"`, { cause });
        }
    };
    for await (const chunk of bytes) {
        yield decode(chunk);
        offset += chunk.length;
    }
    yield decode();
}

/** Reads until the first line that is not blank is complete, or to the end. */
async function readHead(text: AsyncGenerator<string, void>, source: string): Promise<string> {
    let head = "";
    while (firstLine(head) === undefined) {
        const { value, done } = await text.next();
        if (done) {
            break;
        }
        head += value;
        if (head.length > MAX_HEADER_LENGTH && firstLine(head) === undefined) {
            throw new DataError(
                `${source} has no header: its first line is longer than ${MAX_HEADER_LENGTH} characters`,
            );
        }
    }
    return head;
}

async function* chunksFrom(head: string, rest: AsyncGenerator<string, void>): AsyncGenerator<string, void> {
    yield head;
    yield* rest;
}

/** The first line that is not blank, when it is complete; line breaks inside quotes do not end it. */
function firstLine(text: string): string | undefined {
    let quoted = false;
    let start = 0;
    for (let index = 0; index < text.length; index++) {
        const char = text[index];
        if (char === '"') {
            quoted = !quoted;
        } else if (!quoted && (char === "\n" || char === "\r")) {
            if (text.slice(start, index).trim() !== "") {
                return text.slice(start, index);
            }
            start = index + 1;
        }
    }
    return undefined;
}

/** The delimiter that occurs most often in the header, outside quotes. */
export function sniffDelimiter(header: string): string {
    const unquoted = header.replaceAll(/"[^"]*"/g, "");
    const count = (delimiter: string) => unquoted.split(delimiter).length - 1;
    return DELIMITERS.reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}

function checkHeader(header: readonly string[], place: string): void {
    const seen = new Map<string, number>();
    for (const [index, name] of header.entries()) {
        if (name === "") {
            throw new DataError(`${place}: the header gives column ${index + 1} no name`);
        }
        const first = seen.get(name);
        if (first !== undefined) {
            const numbers = `number ${first} and ${index + 1}`;
            throw new DataError(`${place}: the header names column ${JSON.stringify(name)} twice, as ${numbers}`);
        }
        seen.set(name, index + 1);
    }
}

function raggedMessage(cells: readonly string[], row: number, table: Table): string {
    const expected = table.columns.length;
    const detail =
        cells.length < expected
            ? `column ${JSON.stringify(table.columns[cells.length])} and what follows is missing`
            : `the first too many is ${JSON.stringify(cells[expected])}`;
    return `${table.source} row ${row} has ${count(cells.length)}, the header has ${expected}: ${detail}`;
}

function count(cells: number): string {
    return cells === 1 ? "1 cell" : `${cells} cells`;
}

function describeCsvError(error: CsvError, lines: LineCounter): string {
    const lastRow = `after row ${lines.begins.at(-1) ?? 0}`;
    const row = typeof error.lines === "number" ? `row ${lines.lineOf(error.lines)}` : lastRow;
    const place = typeof error.column === "number" ? `${row}, column ${error.column + 1}` : row;
    switch (error.code) {
        case "CSV_QUOTE_NOT_CLOSED":
            return `${lastRow}: a quoted cell begins and never ends`;
        case "INVALID_OPENING_QUOTE":
            return `${place}: a quote within a cell that is not quoted; write the cell as "..." with "" for a quote`;
        case "CSV_INVALID_CLOSING_QUOTE":
            return `${place}: text follows the end of a quoted cell; write "" for a quote within the cell`;
        default:
            return `${place}: ${error.message}`;
    }
}
