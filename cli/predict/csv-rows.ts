import { UsageError } from "../start/stack-config";
import { parseLine, parseRow } from "./csv-cells";
import { type CsvDialect, readHead } from "./csv-head";

/** One row of a CSV file. */
export interface CsvRow {
    /** Line that it begins on, as an editor counts; the header's is 1 where nothing is above it. */
    line: number;
    /** As it stands in the file, without its line end. */
    text: string;
    /** Without quotes and the spaces around them. Empty when there is a `problem`. */
    cells: string[];
    /** Why there are no cells. */
    problem?: string;
}

/** A CSV file whose header has been read. */
export interface CsvFile {
    header: CsvRow;
    dialect: CsvDialect;
    /** The rows after the header, as many at once as a piece of the file holds. */
    rows: AsyncGenerator<CsvRow[], void>;
}

/** A row that is longer has a quote that is never closed, or is no row of a CSV file. Characters. */
const MAX_ROW_LENGTH = 1_000_000;

/**
 * Reads CSV as it arrives: UTF-8 with or without byte order mark; LF, CRLF or CR; the delimiter that the header uses;
 * quoted cells with line breaks. Blank lines are left out. A row whose quotes are wrong costs its first line only: the
 * next line is taken for a row again.
 *
 * No library for CSV goes on that way: csv-parse's `skip_records_with_error` takes the lines up to the next quote, or
 * what is left of the piece of the file, for a part of the wrong row.
 *
 * @param name of the file, for messages
 * @throws UsageError when it is not UTF-8, or has no header
 */
export async function readCsv(bytes: AsyncIterable<Uint8Array>, name: string): Promise<CsvFile> {
    const pieces = decodeUtf8(bytes, name);
    const { dialect, header, rest, line } = await readHead(pieces, name);
    return { dialect, header, rows: readRows(rest, pieces, dialect.delimiter, line, name) };
}

async function* readRows(
    head: string,
    pieces: AsyncGenerator<string, void>,
    delimiter: string,
    firstLine: number,
    name: string,
): AsyncGenerator<CsvRow[], void> {
    const place = { line: firstLine };
    let text = head;
    for (let ended = false; !ended; ) {
        const { value, done } = await pieces.next();
        ended = done === true;
        text += value ?? "";
        const rows: CsvRow[] = [];
        const used = takeRows(text, ended, delimiter, place, rows);
        text = text.slice(used);
        if (text.length > MAX_ROW_LENGTH) {
            throw new UsageError(
                `${name} row ${place.line} is longer than ${MAX_ROW_LENGTH} characters: this is no CSV file`,
            );
        }
        if (rows.length > 0) {
            yield rows;
        }
    }
}

/**
 * Takes all rows that are complete.
 *
 * @returns how much of the text they take
 */
function takeRows(text: string, ended: boolean, delimiter: string, place: { line: number }, rows: CsvRow[]): number {
    let start = 0;
    while (start < text.length) {
        const lineFeed = text.indexOf("\n", start);
        const end = lineFeed < 0 ? text.length : lineFeed;
        const line = text.slice(start, lineFeed > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end);
        if (!line.includes('"') && !line.includes("\r")) {
            if (lineFeed < 0 && !ended) {
                return start;
            }
            addRow(rows, { line: place.line, text: line, cells: parseLine(line, delimiter) });
            place.line += 1;
            start = end + 1;
            continue;
        }
        const parsed = parseRow(text, start, delimiter, ended, text.length - start > MAX_ROW_LENGTH);
        if (parsed === undefined) {
            return start;
        }
        const { lines, next, ...row } = parsed;
        addRow(rows, { line: place.line, ...row });
        place.line += lines;
        start = next;
    }
    return text.length;
}

/** Adds a row, unless it is a blank line. */
function addRow(rows: CsvRow[], row: CsvRow): void {
    const { cells, text } = row;
    if (cells.length !== 1 || cells[0] !== "" || text.includes('"')) {
        rows.push(row);
    }
}

async function* decodeUtf8(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string, void> {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    let offset = 0;
    const decode = (chunk?: Uint8Array) => {
        try {
            return decoder.decode(chunk, { stream: chunk !== undefined });
        } catch {
            const where = offset === 0 ? "" : ` after byte ${offset}`;
            throw new UsageError(`${name} is not UTF-8 text${where}: save it as "CSV UTF-8"`);
        }
    };
    for await (const chunk of bytes) {
        yield decode(chunk);
        offset += chunk.length;
    }
    yield decode();
}
