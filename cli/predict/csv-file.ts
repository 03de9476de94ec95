import { ByteWindow } from "../../trainer/lib/csv/byte-window";
import { CR, LF } from "../../trainer/lib/csv/cell-scanner";
import { decodeContent, type Encoding } from "../../trainer/lib/csv/decode";
import { DataError } from "../../trainer/lib/errors";
import { readSeparatorLine, sniffDelimiter } from "../../trainer/lib/model";
import { UsageError } from "../shared/usage-error";
import { type CsvRow, RowTaker } from "./csv-row";

export interface CsvDialect {
    delimiter: string;
    lineEnd: "\n" | "\r\n" | "\r";
    byteOrderMark: boolean;
}

/** A CSV file whose header has been read. */
export interface CsvFile {
    header: Pick<CsvRow, "line" | "text" | "cells">;
    dialect: CsvDialect;
    /** The rows after the header, one batch per chunk of the file. Rows are valid until the next batch is read. */
    rows: AsyncGenerator<CsvRow[], void>;
}

/** Maximum length of a row in bytes. A longer row means that a quote is unclosed or that the file is not CSV. */
const MAX_ROW_BYTES = 1_000_000;

/** Number of bytes that are read before the delimiter is determined. */
const SNIFFED_BYTES = 65_536;

/**
 * Reads CSV as it arrives, with the trainer's scanner: UTF-8 with or without a byte order mark; LF, CRLF or CR; the
 * header's delimiter; quoted cells with line breaks. Blank lines are skipped. Misplaced quotes invalidate only the
 * first line of their row, and the next line is read as a new row.
 *
 * @param name the file's name in messages
 * @throws UsageError when the file is not UTF-8 or has no header
 */
export async function readCsv(bytes: AsyncIterable<Uint8Array>, name: string, encoding?: Encoding): Promise<CsvFile> {
    const window = new ByteWindow(name);
    const fills = fillWindow(window, decodeContent(bytes, name, encoding));
    let byteOrderMark = false;
    for (;;) {
        const { value: final = true } = await fills.next();
        byteOrderMark ||= window.bytes[0] === 0xef && window.start === 3;
        if (!final && window.end - window.start < SNIFFED_BYTES) {
            continue;
        }
        const found = takeHeader(window, final, name, byteOrderMark);
        if (found !== undefined) {
            const { header, dialect, taker, nextLine } = found;
            return { header, dialect, rows: readRows(window, fills, taker, nextLine, final, name) };
        }
        if (final) {
            throw new UsageError(`${name} is empty; it must be a CSV file with a header row`);
        }
        if (window.end - window.start > MAX_ROW_BYTES) {
            throw new UsageError(`${name} has no header: its first line is longer than ${MAX_ROW_BYTES} bytes`);
        }
    }
}

/** Fills the window chunk by chunk. After each chunk, yields true if the file has ended. */
async function* fillWindow(window: ByteWindow, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<boolean, void> {
    try {
        for await (const chunk of bytes) {
            for (let offset = 0; offset < chunk.length; ) {
                offset += window.fill(chunk, offset);
                window.check(false);
                yield false;
                window.compact();
            }
        }
        window.check(true);
    } catch (error) {
        throw error instanceof DataError ? new UsageError(error.message) : error;
    }
    yield true;
}

/** Takes the header, which is the first line that is not blank; returns undefined if that line is incomplete. */
function takeHeader(window: ByteWindow, final: boolean, name: string, byteOrderMark: boolean) {
    const { bytes, end } = window;
    const separator = readSeparatorLine(bytes.toString("utf8", window.start, Math.min(end, window.start + 7)));
    const start = window.start + (separator?.length ?? 0);
    const text = bytes.toString("utf8", start, end);
    const blank = /^(?:[^\S\r\n]*(?:\r\n|\n|\r))*/.exec(text)?.[0] ?? "";
    const rest = text.slice(blank.length);
    if (rest.trim() === "") {
        return undefined;
    }
    const line = (separator === undefined ? 1 : 2) + (blank.match(/\r\n|\n|\r/g)?.length ?? 0);
    const from = start + Buffer.byteLength(blank);
    const delimiter = separator?.delimiter ?? sniffDelimiter(rest.slice(0, SNIFFED_BYTES));
    const taker = new RowTaker(delimiter);
    const row = taker.take({ bytes, start: from, end, final, tooLong: false }, line);
    if (row === undefined) {
        return undefined;
    }
    if (row.problem !== undefined) {
        throw new UsageError(`${name} row ${line}, the header: ${row.problem}`);
    }
    window.start = taker.next;
    const header = { line, text: row.text, cells: row.cells };
    const dialect = { delimiter, lineEnd: lineEndBefore(bytes, from, taker.next), byteOrderMark };
    return { header, dialect, taker, nextLine: line + row.lines };
}

async function* readRows(
    window: ByteWindow,
    fills: AsyncGenerator<boolean, void>,
    taker: RowTaker,
    firstLine: number,
    firstFinal: boolean,
    name: string,
): AsyncGenerator<CsvRow[], void> {
    let line = firstLine;
    for (let final = firstFinal; ; ) {
        const rows: CsvRow[] = [];
        const { bytes, end } = window;
        taker.begin();
        while (window.start < end) {
            const { start } = window;
            const row = taker.take({ bytes, start, end, final, tooLong: end - start > MAX_ROW_BYTES }, line);
            if (row === undefined) {
                break;
            }
            line += row.lines;
            window.start = taker.next;
            if (!taker.blank) {
                rows.push(row);
            }
        }
        if (end - window.start > MAX_ROW_BYTES) {
            throw new UsageError(`${name} row ${line} is longer than ${MAX_ROW_BYTES} bytes: this is not a CSV file`);
        }
        if (rows.length > 0) {
            yield rows;
        }
        const next = await fills.next();
        if (next.done) {
            return;
        }
        final = next.value;
    }
}

function lineEndBefore(bytes: Buffer, start: number, next: number): CsvDialect["lineEnd"] {
    if (bytes[next - 1] === CR && next > start) {
        return "\r";
    }
    return bytes[next - 1] === LF && bytes[next - 2] === CR && next - 2 >= start ? "\r\n" : "\n";
}
