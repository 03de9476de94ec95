import { DataError } from "../errors";
import { nameColumns, readSeparatorLine, sniffDelimiter } from "../model";
import type { ByteWindow } from "./byte-window";
import { type CellEnd, CellScanner, CR, CUT, DELIMITER, LF, QUOTE } from "./cell-scanner";
import { describeBadCell } from "./rows";
import { textOf } from "./rules";

/**
 * Maximum length of a header in bytes. If the first line is longer, the file is not CSV, or a quote is never closed.
 */
const MAX_HEADER_BYTES = 1_000_000;

/** Number of bytes at the beginning of the header that are searched for the delimiter. */
const SNIFFED_BYTES = 65_536;

/** The first row of a CSV file. */
export interface Header {
    delimiter: string;
    /** Distinct names for the columns: see `nameColumns`. */
    columns: string[];
    /** True if a delimiter follows the last name. */
    isTrailing: boolean;
    /** Text in the lines above the header, if they are a title. */
    title?: string;
    /** Line on which the header begins. */
    line: number;
    /** First line after the header. */
    nextLine: number;
}

/**
 * Takes the header, the first line that is not blank, from the front of the window. Returns undefined when the header
 * is not complete yet. Lines above it with a single cell, such as the title of a spreadsheet, are skipped.
 * @throws {DataError} naming the row and the column
 */
export function takeHeader(window: ByteWindow, source: string, final: boolean): Header | undefined {
    const { start } = window;
    let title: string | undefined;
    for (let line = 1; ; ) {
        const row = takeFirstRow(window, source, final, line);
        if (row === undefined) {
            window.start = start;
            return undefined;
        }
        const { columns, nextLine } = row;
        if (!isTitle(columns)) {
            const isTrailing = columns.length > 1 && columns.at(-1) === "";
            return { ...row, columns: nameColumns(columns), isTrailing, ...(title === undefined ? {} : { title }) };
        }
        title ??= columns.filter((name) => name !== "").join(" ");
        line = nextLine;
    }
}

/** The cells of a row. */
type FirstRow = Omit<Header, "isTrailing" | "title">;

/** True if most of the cells are empty, as in a line above the table. */
function isTitle(cells: readonly string[]): boolean {
    const unnamed = cells.slice(1, -1).filter((name) => name === "").length;
    return unnamed > 0 && unnamed >= (cells.length - 1) / 2;
}

function takeFirstRow(window: ByteWindow, source: string, final: boolean, firstLine: number): FirstRow | undefined {
    const { bytes, end } = window;
    const separator = readSeparatorLine(textOf(bytes, window.start, Math.min(end, window.start + 7)));
    const start = window.start + (separator?.length ?? 0);
    const found = findFirstLine(bytes, start, end);
    const { from, to } = found;
    const line = found.line + firstLine - 1 + (separator === undefined ? 0 : 1);
    if (to === undefined && !final) {
        if (end - start > MAX_HEADER_BYTES) {
            throw new DataError(`${source} has no header: its first line is longer than ${MAX_HEADER_BYTES} bytes`);
        }
        return undefined;
    }
    const text = textOf(bytes, from, to ?? end);
    if (text.trim() === "") {
        throw new DataError(`${source} is empty: a CSV file with a header row is needed`);
    }
    const delimiter = separator?.delimiter ?? sniffDelimiter(textOf(bytes, from, Math.min(end, from + SNIFFED_BYTES)));
    const scanner = new CellScanner(delimiter.charCodeAt(0));
    const columns: string[] = [];
    let nextLine = line + 1;
    for (let at = from, cellEnd: CellEnd = DELIMITER; cellEnd === DELIMITER; at = scanner.next) {
        cellEnd = scanner.scan(bytes, at, end, final);
        if (cellEnd >= CUT) {
            throw new DataError(`${source} ${describeBadCell(cellEnd, 0, line, columns.length + 1)}`);
        }
        columns.push(textOf(scanner.bytes, scanner.start, scanner.end));
        nextLine += scanner.lineBreaks;
    }
    window.start = scanner.next;
    return { delimiter, columns, line, nextLine };
}

/** Returns the range of the first line that is not blank; `to` is undefined if its end has not been read yet. */
function findFirstLine(bytes: Uint8Array, start: number, end: number): { from: number; to?: number; line: number } {
    let quoted = false;
    let from = start;
    let line = 1;
    for (let at = start; at < end; at++) {
        const byte = bytes[at];
        if (byte === QUOTE) {
            quoted = !quoted;
        } else if (!quoted && (byte === LF || byte === CR)) {
            if (textOf(bytes, from, at).trim() !== "") {
                // The two bytes of a line break may arrive separately.
                return byte === CR && at + 1 === end ? { from, line } : { from, to: at, line };
            }
            at += byte === CR && bytes[at + 1] === LF ? 1 : 0;
            from = at + 1;
            line++;
        }
    }
    return { from, line };
}
