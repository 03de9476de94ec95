import { sniffDelimiter } from "../../trainer/lib/model";
import { UsageError } from "../start/stack-config";
import { type ParsedRow, parseRow } from "./csv-cells";
import type { CsvRow } from "./csv-rows";

/** How a CSV file is written. */
export interface CsvDialect {
    delimiter: string;
    lineEnd: "\n" | "\r\n" | "\r";
    byteOrderMark: boolean;
}

const BYTE_ORDER_MARK = "\ufeff";

/** A header longer than this is no header: a file of another kind, or a quote that is never closed. Characters. */
const MAX_HEADER_LENGTH = 1_000_000;

/**
 * Reads until the header, the first line that is not blank, is complete.
 *
 * @returns what was read behind the header too, and the line on which that begins
 */
export async function readHead(
    pieces: AsyncGenerator<string, void>,
    name: string,
): Promise<{ dialect: CsvDialect; header: CsvRow; rest: string; line: number }> {
    let text = "";
    for (let ended = false; ; ) {
        const { value, done } = await pieces.next();
        ended = done === true;
        text += value ?? "";
        const byteOrderMark = text.startsWith(BYTE_ORDER_MARK);
        const begin = byteOrderMark ? 1 : 0;
        const blank = /^(?:[^\S\r\n]*(?:\r\n|\n|\r))*/.exec(text.slice(begin))?.[0] ?? "";
        const start = begin + blank.length;
        const line = 1 + (blank.match(/\r\n|\n|\r/g)?.length ?? 0);
        const delimiter = sniffDelimiter(text.slice(start));
        const row = text.slice(start).trim() === "" ? undefined : parseRow(text, start, delimiter, ended, false);
        if (row !== undefined) {
            const dialect = { delimiter, lineEnd: lineEndOf(text, start + row.text.length), byteOrderMark };
            return { dialect, header: headerOf(row, line, name), rest: text.slice(row.next), line: line + row.lines };
        }
        if (ended) {
            throw new UsageError(`${name} is empty: a CSV file with a header row is needed`);
        }
        if (text.length > MAX_HEADER_LENGTH) {
            throw new UsageError(
                `${name} has no header: its first line is longer than ${MAX_HEADER_LENGTH} characters`,
            );
        }
    }
}

function headerOf({ text, cells, problem }: ParsedRow, line: number, name: string): CsvRow {
    if (problem !== undefined) {
        throw new UsageError(`${name} row ${line}, the header: ${problem}`);
    }
    return { line, text, cells };
}

function lineEndOf(text: string, at: number): CsvDialect["lineEnd"] {
    if (text[at] !== "\r") {
        return "\n";
    }
    return text[at + 1] === "\n" ? "\r\n" : "\r";
}
