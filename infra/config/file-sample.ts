import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import { constants, createGunzip } from "node:zlib";

/**
 * The size of the part that is read from the beginning of a file, and the number and size of the other parts. These are
 * spread evenly over the rest, and the last one ends at the end of the file.
 */
const SIZES = { head: 16_000_000, blocks: 32, block: 262_144 };
/** Number of bytes to read at a time when counting lines. */
const COUNTED_BYTES = 16_000_000;

const [CR, LF, QUOTE] = [13, 10, 34];
/** Bytes that can precede a cell's opening quote or follow its closing quote. */
const AROUND_CELLS = new Set([...",;\t|\r\n"].map((character) => character.charCodeAt(0)));

/** Complete lines from a file. */
export interface FileSample extends AsyncIterable<Uint8Array> {
    /** True if some of the file's lines are missing. */
    readonly isPartial: boolean;
    /** Number of bytes, if it is known. */
    readonly size: number | undefined;
}

/**
 * Opens a sample of a large file's lines, or all lines of a file that is not large. Only the beginning is sampled if
 * the file is compressed or in UTF-16, or if cells contain line breaks, because then it is impossible to tell from the
 * middle of the file where a row begins.
 *
 * @param isNumbered replaces the lines between the parts with blank ones, so that every line keeps its number
 * @param files number of files among which the size of the sample is divided
 */
export async function sampleFile(file: string, isNumbered: boolean, files = 1, sizes = SIZES): Promise<FileSample> {
    const block = sizes.block;
    const head = Math.max(Math.floor(sizes.head / files), block);
    const blocks = Math.max(Math.floor(sizes.blocks / files), 1);
    const handle = await open(file);
    try {
        const { size } = await handle.stat();
        const isPartial = size > head + blocks * block;
        const start = await read(handle, 0, isPartial ? head : size);
        if (!isPartial) {
            return { isPartial, size, [Symbol.asyncIterator]: () => inOrder(start) };
        }
        if (start[0] === 0x1f && start[1] === 0x8b) {
            return { isPartial, size: undefined, [Symbol.asyncIterator]: () => inOrder(unpack(start, head)) };
        }
        const { end, hasLongCells } = scan(start);
        const parts = [start.subarray(0, end)];
        if (!hasLongCells && !isUtf16(start)) {
            parts.push(...(await readBlocks(handle, end, size, { blocks, block }, isNumbered)));
        }
        const total = parts.reduce((sum, { length }) => sum + length, 0);
        return { isPartial, size: total, [Symbol.asyncIterator]: () => inOrder(...parts) };
    } finally {
        await handle.close();
    }
}

async function* inOrder(...parts: (Uint8Array | Promise<Uint8Array>)[]): AsyncGenerator<Uint8Array> {
    for (const part of parts) {
        yield await part;
    }
}

async function read(handle: FileHandle, from: number, to: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(Math.max(0, to - from));
    let length = 0;
    while (length < bytes.length) {
        const { bytesRead } = await handle.read(bytes, length, bytes.length - length, from + length);
        if (bytesRead === 0) {
            break;
        }
        length += bytesRead;
    }
    return bytes.subarray(0, length);
}

/** The beginning of a compressed file, as complete lines. */
async function unpack(head: Buffer, most: number): Promise<Uint8Array> {
    // Without this flag, truncated input would cause an error.
    const unpacked = Readable.from([head]).pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }));
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= most) {
            break;
        }
    }
    const bytes = Buffer.concat(chunks);
    return bytes.subarray(0, scan(bytes).end);
}

function isUtf16(head: Buffer): boolean {
    return head.subarray(0, 1000).includes(0);
}

/** End of the last complete line outside quotes, and whether a cell contains a line break. */
function scan(bytes: Buffer): { end: number; hasLongCells: boolean } {
    const lineBreak = bytes.includes(LF) ? LF : CR;
    let end = 0;
    let isQuoted = false;
    let hasLongCells = false;
    for (let at = 0; at < bytes.length; at++) {
        const byte = bytes[at];
        if (byte === QUOTE) {
            const isEdge = (index: number) => index < 0 || AROUND_CELLS.has(bytes[index] ?? CR);
            isQuoted = isQuoted ? !isEdge(at + 1) : isEdge(at - 1);
        } else if (byte === lineBreak) {
            hasLongCells ||= isQuoted;
            end = isQuoted ? end : at + 1;
        }
    }
    // UTF-16, little-endian: the line break's second byte is 0.
    return { end: end + (isUtf16(bytes) && bytes[end] === 0 && end % 2 === 1 ? 1 : 0), hasLongCells };
}

/** Complete lines from blocks that are spread over the file after `from`. */
async function readBlocks(
    handle: FileHandle,
    from: number,
    size: number,
    { blocks, block: blockBytes }: { blocks: number; block: number },
    isNumbered: boolean,
): Promise<Buffer[]> {
    const parts: Buffer[] = [];
    const step = (size - blockBytes - from) / blocks;
    let last = from;
    for (let block = 1; block <= blocks; block++) {
        const start = block === blocks ? size - blockBytes : Math.floor(from + step * block);
        const bytes = await read(handle, start, start + blockBytes);
        const first = bytes.indexOf(LF) + 1;
        const end = block === blocks ? bytes.length : bytes.lastIndexOf(LF) + 1;
        if (first > 0 && end > first) {
            parts.push(...(isNumbered ? [Buffer.alloc(await countLines(handle, last, start + first), "\n")] : []));
            parts.push(bytes.subarray(first, end));
            last = start + end;
        }
    }
    return parts;
}

async function countLines(handle: FileHandle, from: number, to: number): Promise<number> {
    let count = 0;
    for (let at = from; at < to; at += COUNTED_BYTES) {
        const bytes = await read(handle, at, Math.min(at + COUNTED_BYTES, to));
        for (let found = bytes.indexOf(LF); found >= 0; found = bytes.indexOf(LF, found + 1)) {
            count++;
        }
    }
    return count;
}
