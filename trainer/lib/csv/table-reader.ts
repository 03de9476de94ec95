import { ByteWindow } from "./byte-window";
import type { ColumnBuilder } from "./column-builder";
import { type Header, takeHeader } from "./header";
import { RowReader } from "./row-reader";
import type { FileRules } from "./rules";

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
 * @param plan creates the rules for cells, and a builder for each column to read, once the header has been read
 * @throws {DataError} naming the row, for content that is not such a CSV file
 */
export async function readTable(
    bytes: AsyncIterable<Uint8Array>,
    source: string,
    plan: (header: Header) => { builders: readonly (ColumnBuilder | undefined)[]; rules: FileRules },
    options: ReadOptions = {},
): Promise<ReadTable> {
    const window = new ByteWindow(source, options.windowBytes);
    let table: ReadTable | undefined;

    const take = (final: boolean) => {
        window.check(final);
        if (table === undefined) {
            const header = takeHeader(window, source, final);
            if (header !== undefined) {
                const { builders, rules } = plan(header);
                table = {
                    header,
                    builders,
                    reader: new RowReader(source, header, builders, rules, options.totalBytes ?? (() => undefined)),
                    bytesRead: 0,
                };
            }
        }
        if (table !== undefined) {
            table.reader.read(window, final);
            table.bytesRead = window.received;
            options.onProgress?.(table);
        }
        window.compact();
    };

    for await (const chunk of bytes) {
        for (let offset = 0; offset < chunk.length; ) {
            const taken = window.fill(chunk, offset);
            offset += taken;
            if (taken === 0) {
                take(false);
            }
        }
    }
    take(true);
    if (table === undefined) {
        throw new Error("A complete file has a header or is rejected");
    }
    return table;
}
