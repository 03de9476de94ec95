import type { FeatureColumn, PredictedColumns } from "../columns";
import type { CsvFile } from "../csv-file";
import type { PredictedRows } from "../predict-rows";

/** Description of the rows to format. */
export interface Layout {
    input: Pick<CsvFile, "header" | "dialect">;
    columns: readonly FeatureColumn[];
    predicted: PredictedColumns;
}

/** Formats rows batch by batch. If the format has a header, it comes first, even if there are no rows. */
export type FormatRows = (
    rows: AsyncIterable<PredictedRows>,
    layout: Layout,
) => AsyncGenerator<string | Uint8Array, void>;

/** The added columns' names, in order. */
export function namesOf({ prediction, probabilities, error, note }: PredictedColumns): string[] {
    return [prediction, ...probabilities, error, note];
}

/** For each input column that is a numeric feature, the position of its number within a row's numbers. */
export function numberFeatures({ input, columns }: Layout): (number | undefined)[] {
    return input.header.cells.map((_, position) => {
        return columns.find((column) => column.position === position && column.kind === "number")?.offset;
    });
}
