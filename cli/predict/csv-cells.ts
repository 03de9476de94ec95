/** One row of a CSV file. */
export interface CsvRow {
    /** Line number in an editor; the header's is 1 if nothing precedes it. */
    line: number;
    /** The row's text in the file, without its line end. */
    text: string;
    /** Cells without quotes and surrounding spaces. Empty if there is a `problem`. */
    cells: string[];
    /** Reason why there are no cells. */
    problem?: string;
}

/** A row, or a line that is not a valid row. */
export interface ParsedRow extends Omit<CsvRow, "line"> {
    /** Number of lines that it takes in an editor. */
    lines: number;
    /** Offset of the next row. */
    next: number;
}

/** White space that `String.trim` removes, except line ends. */
const SPACE = /[^\S\r\n]/;

const NEVER_ENDS = "a quoted cell begins and never ends";

/** Characters shown of an invalid row. */
const MAX_LINE_SHOWN = 80;

const LINE_END = /\r\n|\n|\r/g;

/** Splits a line without quotes into cells. White space around a cell is not part of it. */
export function parseLine(line: string, delimiter: string): string[] {
    const cells = line.split(delimiter);
    for (let index = 0; index < cells.length; index++) {
        cells[index] = (cells[index] as string).trim();
    }
    return cells;
}

/**
 * Parses the row that begins at `start`, with any quotes and line ends, by RFC 4180 plus spaces around a quoted cell.
 *
 * @param ended whether the file ends with the text
 * @param tooLong whether an open quote is an error by now
 * @returns undefined if the row continues after the text
 */
export function parseRow(
    text: string,
    start: number,
    delimiter: string,
    ended: boolean,
    tooLong: boolean,
): ParsedRow | undefined {
    const cells: string[] = [];
    let at = start;
    for (;;) {
        const opening = skipSpaces(text, at, delimiter);
        const quoted = text[opening] === '"';
        const cell = quoted ? quotedCell(text, opening, delimiter) : bareCell(text, at, delimiter);
        if (cell === "wrong") {
            return brokenLine(text, start, describeWrong(quoted), ended);
        }
        if (cell === "open") {
            return ended || tooLong ? brokenLine(text, start, NEVER_ENDS, ended) : undefined;
        }
        if (cell.end === text.length && !ended) {
            return undefined;
        }
        cells.push(cell.value);
        if (text.startsWith(delimiter, cell.end)) {
            at = cell.end + 1;
            continue;
        }
        const next = afterLineEnd(text, cell.end, ended);
        const row = text.slice(start, cell.end);
        return next === undefined ? undefined : { text: row, cells, lines: countLineEnds(row) + 1, next };
    }
}

interface Cell {
    value: string;
    /** Offset of the delimiter, line end, or end of the text. */
    end: number;
}

function quotedCell(text: string, opening: number, delimiter: string): Cell | "open" | "wrong" {
    let closing = text.indexOf('"', opening + 1);
    while (closing >= 0 && text[closing + 1] === '"') {
        closing = text.indexOf('"', closing + 2);
    }
    if (closing < 0) {
        return "open";
    }
    const end = skipSpaces(text, closing + 1, delimiter);
    if (end < text.length && !text.startsWith(delimiter, end) && text[end] !== "\n" && text[end] !== "\r") {
        return "wrong";
    }
    return { value: text.slice(opening + 1, closing).replaceAll('""', '"'), end };
}

function bareCell(text: string, start: number, delimiter: string): Cell | "wrong" {
    for (let end = start; ; end++) {
        const char = text[end];
        if (char === undefined || char === delimiter || char === "\n" || char === "\r") {
            return { value: text.slice(start, end).trim(), end };
        }
        if (char === '"') {
            return "wrong";
        }
    }
}

function skipSpaces(text: string, start: number, delimiter: string): number {
    let at = start;
    while (at < text.length && text[at] !== delimiter && SPACE.test(text[at] as string)) {
        at++;
    }
    return at;
}

/** Offset of the next row; undefined if the text ends in a CR whose LF may follow. */
function afterLineEnd(text: string, end: number, ended: boolean): number | undefined {
    if (text[end] !== "\r") {
        return end + 1;
    }
    if (end + 1 === text.length && !ended) {
        return undefined;
    }
    return text[end + 1] === "\n" ? end + 2 : end + 1;
}

/** Takes the first line of an invalid row; the next line begins another row. */
function brokenLine(text: string, start: number, problem: string, ended: boolean): ParsedRow | undefined {
    let end = start;
    while (end < text.length && text[end] !== "\n" && text[end] !== "\r") {
        end++;
    }
    const next = afterLineEnd(text, end, ended);
    if (next === undefined || (end === text.length && !ended)) {
        return undefined;
    }
    const line = text.slice(start, end);
    const begin = line.length > MAX_LINE_SHOWN ? `${line.slice(0, MAX_LINE_SHOWN)}…` : line;
    return { text: line, cells: [], problem: `${problem}: ${begin}`, lines: 1, next };
}

function describeWrong(quoted: boolean): string {
    return quoted
        ? 'text follows the end of a quoted cell; write "" for a quote within the cell'
        : 'a quote within a cell that is not quoted; write the cell as "..." with "" for a quote';
}

function countLineEnds(text: string): number {
    return text.match(LINE_END)?.length ?? 0;
}
