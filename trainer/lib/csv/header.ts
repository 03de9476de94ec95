import { DataError } from "../errors";
import { sniffDelimiter } from "../model";
import type { ByteWindow } from "./byte-window";
import { type CellEnd, CellScanner, CR, CUT, DELIMITER, LF, QUOTE } from "./cell-scanner";
import { describeBadCell } from "./rows";
import { textOf } from "./sample";

/**
 * Maximum length of a header in bytes. If the first line is longer, the file is of a different kind, or a quote is
 * never closed.
 */
const MAX_HEADER_BYTES = 1_000_000;

/** The first row of a CSV file. */
export interface Header {
    delimiter: string;
    columns: string[];
    /** Line of the header. */
    line: number;
    /** First line after the header. */
    nextLine: number;
}

/**
 * Takes the header, the first line that is not blank, from the front of the window. Returns undefined when the header
 * is not complete yet.
 * @throws {DataError} naming the row and the column
 */
export function takeHeader(window: ByteWindow, source: string, final: boolean): Header | undefined {
    const { bytes, start, end } = window;
    const { from, to, line } = findFirstLine(bytes, start, end);
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
    const delimiter = sniffDelimiter(text);
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
    checkNames(columns, `${source} row ${line}`);
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
                // A line break of two bytes may be cut in half.
                return byte === CR && at + 1 === end ? { from, line } : { from, to: at, line };
            }
            at += byte === CR && bytes[at + 1] === LF ? 1 : 0;
            from = at + 1;
            line++;
        }
    }
    return { from, line };
}

function checkNames(header: readonly string[], location: string): void {
    const seen = new Map<string, number>();
    for (const [index, name] of header.entries()) {
        if (name === "") {
            throw new DataError(`${location}: the header has no name for column ${index + 1}: name it, or remove it`);
        }
        const first = seen.get(name);
        if (first !== undefined) {
            const numbers = `number ${first} and ${index + 1}`;
            throw new DataError(`${location}: the header has column ${JSON.stringify(name)} twice, as ${numbers}`);
        }
        seen.set(name, index + 1);
    }
}
