import { UsageError } from "../shared/usage-error";
import { type CsvRow, parseLine, parseRow } from "./csv-cells";
import { type CsvDialect, readHead } from "./csv-head";

/** A CSV file whose header has been read. */
export interface CsvFile {
    header: CsvRow;
    dialect: CsvDialect;
    /** The rows after the header, one batch per chunk of the file. */
    rows: AsyncGenerator<CsvRow[], void>;
}

/** Maximum length of a row in characters. A longer one has an unclosed quote, or the file is not CSV. */
const MAX_ROW_LENGTH = 1_000_000;

/**
 * Reads CSV as it arrives: UTF-8 with or without byte order mark; LF, CRLF or CR; the header's delimiter; quoted cells with
 * line breaks. Blank lines are skipped. Wrong quotes cost only the first line of their row: the next line is read as a
 * row again.
 *
 * No CSV library recovers like this: csv-parse's `skip_records_with_error` also drops the lines up to the next quote, or
 * the rest of the chunk.
 *
 * @param name the file's name in messages
 * @throws UsageError when the file is not UTF-8 or has no header
 */
export async function readCsv(bytes: AsyncIterable<Uint8Array>, name: string): Promise<CsvFile> {
    const chunks = decodeUtf8(bytes, name);
    const { dialect, header, rest, line } = await readHead(chunks, name);
    return { dialect, header, rows: readRows(rest, chunks, dialect.delimiter, line, name) };
}

async function* readRows(
    head: string,
    chunks: AsyncGenerator<string, void>,
    delimiter: string,
    firstLine: number,
    name: string,
): AsyncGenerator<CsvRow[], void> {
    const position = { line: firstLine };
    let text = head;
    for (let ended = false; !ended; ) {
        const { value, done } = await chunks.next();
        ended = done === true;
        text += value ?? "";
        const rows: CsvRow[] = [];
        const used = takeRows(text, ended, delimiter, position, rows);
        text = text.slice(used);
        if (text.length > MAX_ROW_LENGTH) {
            throw new UsageError(
                `${name} row ${position.line} is longer than ${MAX_ROW_LENGTH} characters: this is not a CSV file`,
            );
        }
        if (rows.length > 0) {
            yield rows;
        }
    }
}

/**
 * Takes all complete rows.
 *
 * @returns their length in the text
 */
function takeRows(text: string, ended: boolean, delimiter: string, position: { line: number }, rows: CsvRow[]): number {
    let start = 0;
    while (start < text.length) {
        const lineFeed = text.indexOf("\n", start);
        const end = lineFeed < 0 ? text.length : lineFeed;
        const line = text.slice(start, lineFeed > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end);
        if (!line.includes('"') && !line.includes("\r")) {
            if (lineFeed < 0 && !ended) {
                return start;
            }
            addRow(rows, { line: position.line, text: line, cells: parseLine(line, delimiter) });
            position.line += 1;
            start = end + 1;
            continue;
        }
        const parsed = parseRow(text, start, delimiter, ended, text.length - start > MAX_ROW_LENGTH);
        if (parsed === undefined) {
            return start;
        }
        const { lines, next, ...row } = parsed;
        addRow(rows, { line: position.line, ...row });
        position.line += lines;
        start = next;
    }
    return text.length;
}

/** Adds a row unless it is a blank line. */
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
