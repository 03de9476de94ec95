import type { FeatureColumn } from "../columns";
import type { CsvFile } from "../csv-rows";
import type { PredictedRows } from "../predict-rows";
import type { PredictedColumns } from "../predicted-columns";

/** What a format must know beside the rows. */
export interface Layout {
    input: Pick<CsvFile, "header" | "dialect">;
    columns: readonly FeatureColumn[];
    predicted: PredictedColumns;
}

/** Writes rows as they come, with a header where the format has one; also when there are no rows. */
export type FormatRows = (
    rows: AsyncIterable<PredictedRows>,
    layout: Layout,
) => AsyncGenerator<string | Uint8Array, void>;

/** Names of the columns that are added, in their order. */
export function namesOf({ prediction, probabilities, error }: PredictedColumns): string[] {
    return [prediction, ...probabilities, error];
}

/** For each of the input's columns its place among the features that are numbers; undefined for any other. */
export function numberFeatures({ input, columns }: Layout): (number | undefined)[] {
    return input.header.cells.map((_, place) => {
        const index = columns.findIndex((column) => column.place === place && column.kind === "number");
        return index < 0 ? undefined : index;
    });
}
