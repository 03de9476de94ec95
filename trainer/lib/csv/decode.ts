import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { DataError } from "../errors";

/** Encodings that the setting `encoding` accepts. */
export const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** The longest signature, that of an xlsx file's first entry, is within this many bytes. */
const SIGNATURE_BYTES = 64;

/** Other kinds of files, recognised by their first bytes, and the Python line that converts them. */
const OTHER_KINDS: readonly [signature: string, content: RegExp, kind: string, python: string][] = [
    ["PK\x03\x04", /\[Content_Types\]|_rels\/|xl\/|docProps\//, "an Excel workbook", "pandas.read_excel(NAME)"],
    ["PK\x03\x04", /^/, "a ZIP archive", "pandas.read_csv(NAME, compression='zip')"],
    ["\xd0\xcf\x11\xe0", /^/, "an Excel workbook", "pandas.read_excel(NAME)"],
    ["PAR1", /^/, "a Parquet file", "pandas.read_parquet(NAME)"],
    ["", /^\s*\[\s*[[{]/, "JSON", "pandas.read_json(NAME)"],
];

/**
 * Converts a file to CSV in UTF-8, depending on its first bytes: unpacks gzip, decodes UTF-16 and Windows-1252, and
 * converts JSON Lines.
 * @param encoding encoding for a file without a byte order mark
 * @throws {DataError} for any other kind of file, with the line that converts it
 */
export async function* decodeContent(
    content: AsyncIterable<Uint8Array>,
    source: string,
    encoding: Encoding = "utf-8",
): AsyncGenerator<Uint8Array, void> {
    const { head, rest } = await peek(content);
    const start = Buffer.from(head).toString("latin1", 0, SIGNATURE_BYTES);
    if (start.startsWith("\x1f\x8b")) {
        yield* decodeContent(gunzip(rest, source), source, encoding);
        return;
    }
    const other = OTHER_KINDS.find(([signature, content]) => start.startsWith(signature) && content.test(start));
    if (other !== undefined) {
        const [, , kind, python] = other;
        const name = JSON.stringify(source.split("/").at(-1));
        const command = `python3 -c 'import pandas; ${python.replace("NAME", name).replaceAll("'", '"')}.to_csv("data.csv", index=False)'`;
        throw new DataError(`${source} must be CSV or JSON Lines; got ${kind} (${command})`);
    }
    const mark = start.startsWith("\xff\xfe") ? "utf-16le" : start.startsWith("\xfe\xff") ? "utf-16be" : undefined;
    const given = start.startsWith("\xef\xbb\xbf") ? "utf-8" : (mark ?? encoding);
    const text = given === "utf-8" ? rest : decodeText(rest, given);
    // In UTF-16, every other byte of Latin text is 0.
    if (/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*\{/.test(start.replaceAll("\0", ""))) {
        yield* jsonLinesToCsv(text, source);
    } else {
        yield* text;
    }
}

/** Reads the first bytes, and returns them together with the whole content, which still includes them. */
async function peek(content: AsyncIterable<Uint8Array>) {
    const chunks = content[Symbol.asyncIterator]();
    let head: Uint8Array = new Uint8Array(0);
    while (head.length < SIGNATURE_BYTES) {
        const next = await chunks.next();
        if (next.done === true) {
            break;
        }
        head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
    }
    async function* whole(): AsyncGenerator<Uint8Array, void> {
        yield head;
        yield* { [Symbol.asyncIterator]: () => chunks };
    }
    return { head, rest: whole() };
}

async function* gunzip(content: AsyncIterable<Uint8Array>, source: string): AsyncGenerator<Uint8Array, void> {
    const packed = Readable.from(content, { objectMode: false });
    const unpacked = createGunzip();
    packed.once("error", (error) => unpacked.destroy(error));
    try {
        yield* packed.pipe(unpacked);
    } catch (error) {
        const isDamaged = (error as NodeJS.ErrnoException).code?.startsWith("Z_") ?? false;
        throw isDamaged ? new DataError(`${source} is damaged: its gzip data cannot be unpacked`) : error;
    }
}

/**
 * Windows-1252 characters from 0x80 to 0x9f; all others are the same as in Latin-1. Node.js 24 decodes them wrongly.
 */
const WINDOWS_1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

async function* decodeText(
    content: AsyncIterable<Uint8Array>,
    encoding: Exclude<Encoding, "utf-8">,
): AsyncGenerator<Uint8Array, void> {
    if (encoding === "windows-1252") {
        for await (const chunk of content) {
            const text = Buffer.from(chunk).toString("latin1");
            yield Buffer.from(text.replaceAll(/[\x80-\x9f]/g, (it) => WINDOWS_1252[it.charCodeAt(0) - 0x80] ?? it));
        }
        return;
    }
    const decoder = new TextDecoder(encoding);
    for await (const chunk of content) {
        yield Buffer.from(decoder.decode(chunk, { stream: true }));
    }
    yield Buffer.from(decoder.decode());
}

/** Number of lines that are searched for the names of the columns. */
const HEADER_LINES = 1000;

/**
 * Converts JSON Lines to CSV, line by line, so that line numbers stay the same except for the header's. The names in
 * the first 1000 objects become the columns.
 * @throws {DataError} for a line that is not an object of strings, numbers, booleans and nulls, or has other names
 */
async function* jsonLinesToCsv(content: AsyncIterable<Uint8Array>, source: string): AsyncGenerator<Uint8Array, void> {
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
                throw new DataError(`${source} line ${line} has ${name}, but the first ${HEADER_LINES} lines do not`);
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
    const isNested = (it: unknown) => typeof it === "object" && it !== null;
    const object = isNested(value) && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
    const nested = Object.keys(object ?? {}).find((name) => isNested(object?.[name]));
    if (object === undefined || nested !== undefined) {
        const what = object === undefined ? "got another value" : `${JSON.stringify(nested)} holds more than one value`;
        throw new DataError(
            `${source} line ${line} must be an object of strings, numbers, booleans and nulls; ${what}`,
        );
    }
    return object;
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
