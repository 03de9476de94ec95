import { ByteWindow } from "./byte-window";
import type { ColumnBuilder } from "./column-builder";
import { type Header, takeHeader } from "./header";
import { RowReader, type TablePlan } from "./row-reader";

/** One of several files that have the same header and form one table. */
export interface Part<T = AsyncIterable<Uint8Array>> {
    /** The file's name, for messages. */
    source: string;
    content: T;
}

/** The result of reading all rows in a file. */
export interface ReadTable {
    header: Header;
    builders: readonly (ColumnBuilder | undefined)[];
    reader: RowReader;
    bytesRead: number;
}

export interface ReadOptions {
    /** The size of the file, used to allocate memory for all rows in advance. */
    totalBytes?: () => number | undefined;
    /** Called after each part of the file. */
    onProgress?: (table: ReadTable) => void;
    /** Number of bytes that are processed at a time. @default 256 KiB */
    windowBytes?: number;
}

/**
 * Reads CSV into columns as it arrives: UTF-8 with or without a byte order mark, LF, CRLF or CR, quoted cells, and the
 * delimiter that the header uses. Blank lines are skipped, and spaces around a cell are not part of it. Neither the
 * text nor the rows are kept.
 * Problems with cells are collected in `reader.problems`; after the first one, at most 100,000 more rows are read.
 * @param plan called once the header has been read
 * @throws {DataError} naming the row, for content that is not such a CSV file
 */
export async function readTable(
    content: AsyncIterable<Uint8Array> | readonly Part[],
    name: string,
    plan: (header: Header) => TablePlan,
    options: ReadOptions = {},
): Promise<ReadTable> {
    const parts = Symbol.asyncIterator in content ? [{ source: name, content }] : content;
    let table: ReadTable | undefined;
    let bytesBefore = 0;
    for (const [index, { source, content }] of parts.entries()) {
        const window = new ByteWindow(source, options.windowBytes);
        let hasBegun = false;

        const take = (final: boolean) => {
            window.check(final);
            const header = hasBegun ? undefined : takeHeader(window, source, final);
            if (header !== undefined) {
                if (table === undefined) {
                    const planned = plan(header);
                    const reader = new RowReader(header, planned, options.totalBytes ?? (() => undefined));
                    table = { header, builders: planned.builders, reader, bytesRead: 0 };
                }
                table.reader.begin(source, header);
                hasBegun = true;
            }
            if (table !== undefined && hasBegun) {
                table.reader.read(window, final, index === parts.length - 1);
                table.bytesRead = bytesBefore + window.received;
                options.onProgress?.(table);
            }
            window.compact();
        };

        for await (const chunk of content) {
            for (let offset = 0; offset < chunk.length; ) {
                const taken = window.fill(chunk, offset);
                offset += taken;
                if (taken === 0) {
                    take(false);
                }
            }
        }
        take(true);
        bytesBefore += window.received;
    }
    if (table === undefined) {
        throw new Error("A complete file has a header or is rejected");
    }
    return table;
}
