import { DataError } from "../errors";

/** Number of lines whose names become the columns. */
const HEADER_LINES = 1000;

/**
 * Converts JSON Lines to CSV, line by line, so that line numbers stay the same except for the header's. The names in
 * the first 1000 objects become the columns.
 * @throws {DataError} for a line that is not an object of strings, numbers, booleans and nulls, or has other names
 */
export async function* jsonLinesToCsv(
    content: AsyncIterable<Uint8Array>,
    source: string,
): AsyncGenerator<Uint8Array, void> {
    const first: Record<string, unknown>[] = [];
    let columns: string[] | undefined;
    let line = 0;
    const header = () => {
        columns = [...new Set(first.flatMap((object) => Object.keys(object)))];
        return `${columns.map(quote).join(",")}\n${first.map((it) => toRow(it, columns ?? [])).join("")}`;
    };
    for await (const lines of linesOf(content)) {
        let text = "";
        for (const json of lines) {
            line++;
            const object = parse(json, source, line);
            if (object === undefined) {
                continue;
            }
            if (columns === undefined) {
                first.push(object);
                text += first.length === HEADER_LINES ? header() : "";
                continue;
            }
            const known = columns;
            const unknown = Object.keys(object).find((name) => !known.includes(name));
            if (unknown !== undefined) {
                const name = JSON.stringify(unknown);
                throw new DataError(`${source} line ${line} has ${name}, which none of the first ${HEADER_LINES} has`);
            }
            text += toRow(object, columns);
        }
        yield Buffer.from(text);
    }
    yield Buffer.from(columns === undefined ? header() : "");
}

function parse(json: string, source: string, line: number): Record<string, unknown> | undefined {
    if (json.trim() === "") {
        return undefined;
    }
    let value: unknown;
    try {
        value = JSON.parse(json);
    } catch (error) {
        throw new DataError(`${source} line ${line} is not JSON: ${(error as Error).message}`);
    }
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    const nested = isObject
        ? Object.entries(value as object).find(([, it]) => typeof it === "object" && it !== null)
        : [];
    if (!isObject || nested !== undefined) {
        const what = isObject ? `${JSON.stringify(nested?.[0])} holds more than one value` : "got another value";
        throw new DataError(
            `${source} line ${line} must be an object of strings, numbers, booleans and nulls; ${what}`,
        );
    }
    return value as Record<string, unknown>;
}

function toRow(object: Record<string, unknown>, columns: readonly string[]): string {
    return `${columns.map((name) => quote(String(object[name] ?? ""))).join(",")}\n`;
}

function quote(cell: string): string {
    return `"${cell.replaceAll('"', '""')}"`;
}

/** Yields the lines of the content, in batches. */
async function* linesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<string[], void> {
    const decoder = new TextDecoder("utf-8");
    let rest = "";
    for await (const chunk of content) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n/);
        rest = lines.pop() ?? "";
        yield lines;
    }
    yield [rest + decoder.decode()];
}
