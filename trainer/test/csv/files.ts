import { ColumnBuilder } from "../../lib/csv/column-builder";
import { fileRules, textOf } from "../../lib/csv/rules";
import { readTable } from "../../lib/csv/table-reader";

export const SOURCE = "gs://bucket/data.csv";

/** Yields content in chunks. */
export async function* bytesOf(content: string | Uint8Array, chunkSize = 7): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.from(content as string);
    for (let offset = 0; offset < bytes.length; offset += chunkSize) {
        yield bytes.subarray(offset, offset + chunkSize);
    }
}

/** Builds a CSV file from columns, with every cell quoted. */
export function csvOf(columns: Record<string, readonly (string | number)[]>, delimiter = ","): string {
    const lists = Object.values(columns);
    const length = Math.max(...lists.map((values) => values.length));
    const rows = Array.from({ length }, (_, row) => lists.map((values) => String(values[row] ?? "")));
    const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
    return [Object.keys(columns), ...rows].map((cells) => `${cells.map(quote).join(delimiter)}\n`).join("");
}

/** Collects the cells unchanged. */
class CellCollector extends ColumnBuilder {
    readonly cells: string[] = [];

    override put(row: number, bytes: Uint8Array, start: number, end: number): undefined {
        this.cells[row] = textOf(bytes, start, end);
    }

    override examine(): boolean {
        return false;
    }
}

/** Reads the cells of a file as text. `windowBytes` are processed at a time. */
export async function readCells(
    content: string | Uint8Array | AsyncIterable<Uint8Array>,
    { chunkSize = 7, windowBytes = 16 } = {},
): Promise<{ columns: string[]; rows: string[][]; rowNumbers: number[] }> {
    const bytes =
        typeof content === "object" && Symbol.asyncIterator in content ? content : bytesOf(content, chunkSize);
    const collectors: CellCollector[] = [];
    const plan = ({ columns }: { columns: string[] }) => {
        const rules = fileRules(",");
        collectors.push(...columns.map((name) => new CellCollector(name, "feature", rules)));
        return { builders: collectors, rules };
    };
    const { header, reader } = await readTable(bytes, SOURCE, plan, { windowBytes });
    const rows = Array.from({ length: reader.rowCount }, (_, row) => row);
    return {
        columns: header.columns,
        rows: rows.map((row) => collectors.map(({ cells }) => cells[row] as string)),
        rowNumbers: rows.map((row) => reader.locator()(row).line),
    };
}
