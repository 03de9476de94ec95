import { toDoubles } from "../../lib/columns/number-list";
import { allRows } from "../../lib/columns/shared-memory";
import { readDataset } from "../../lib/csv/dataset";
import { learnColumns } from "../../lib/features/learn";
import { describeFinding } from "../../lib/findings";
import { parseArguments } from "../settings/parse-arguments";
import { repeat } from "../tables";
import { bytesOf, SOURCE } from "./files";

/** Number of rows in the tables. */
export const ROWS = 60;

/** Reads a file whose target is `y`, and learns from all rows. Missing numbers are null in the result. */
export async function read(content: string | Uint8Array, ...argv: string[]) {
    const settings = parseArguments(["--target=y", ...argv]);
    const dataset = await readDataset(bytesOf(content, 1000), SOURCE, settings, { print: () => {} });
    const learned = learnColumns(dataset, allRows(dataset.rowCount));
    const columns = Object.fromEntries(
        dataset.columns.map((column) => {
            const values = [...toDoubles(column.values)];
            const shown = (value: number) => (Number.isNaN(value) ? null : value);
            return [column.name, values.map((it) => (column.kind === "text" ? column.dictionary.text(it) : shown(it)))];
        }),
    );
    const { target } = dataset;
    const y: unknown[] =
        target.task === "classification" ? Array.from(target.y, (it) => target.classes[it]) : [...target.y];
    return {
        ...{ dataset, columns, y, features: learned.features, target },
        dropped: [...dataset.dropped, ...learned.dropped],
        warnings: [...dataset.findings, ...learned.findings]
            .filter(({ kind }) => kind !== "identifier")
            .map(describeFinding),
    };
}

/** A table with the columns x, c and y, separated by a delimiter. */
export function table(
    cells: readonly string[],
    { delimiter = ",", header = "x", y = ["no", "yes", "no"] } = {},
): string {
    const rows = repeat(cells, ROWS).map((cell, row) => [cell, "abc"[row % 3], y[row % y.length]].join(delimiter));
    return `${[header, "c", "y"].join(delimiter)}\n${rows.join("\n")}\n`;
}

export async function readX(cells: readonly string[], delimiter = ",", ...argv: string[]) {
    const { columns, warnings } = await read(table(cells, { delimiter }), ...argv);
    return { values: columns.x?.slice(0, cells.length), warnings };
}
