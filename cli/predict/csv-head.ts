import { sniffDelimiter } from "../../trainer/lib/model";
import { UsageError } from "../shared/usage-error";
import { type CsvRow, type ParsedRow, parseRow } from "./csv-cells";

export interface CsvDialect {
    delimiter: string;
    lineEnd: "\n" | "\r\n" | "\r";
    byteOrderMark: boolean;
}

const BYTE_ORDER_MARK = "\ufeff";

/** Maximum length of a header in characters. A longer one means another kind of file, or an unclosed quote. */
const MAX_HEADER_LENGTH = 1_000_000;

/**
 * Reads until the header, which is the first line that is not blank, is complete.
 *
 * @returns the dialect, the header, the `rest` of the text read so far and its first line number
 */
export async function readHead(
    chunks: AsyncGenerator<string, void>,
    name: string,
): Promise<{ dialect: CsvDialect; header: CsvRow; rest: string; line: number }> {
    let text = "";
    for (let ended = false; ; ) {
        const { value, done } = await chunks.next();
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
            throw new UsageError(`${name} is empty; it must be a CSV file with a header row`);
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
