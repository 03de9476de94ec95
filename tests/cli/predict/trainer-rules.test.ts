import { Readable } from "node:stream";
import fc from "fast-check";
import { findColumns } from "../../../cli/predict/columns";
import { readCsv } from "../../../cli/predict/csv-file";
import { predictRows } from "../../../cli/predict/predict-rows";
import { valueAt } from "../../../trainer/lib/columns/number-list";
import { allRows } from "../../../trainer/lib/columns/shared-memory";
import { readDataset } from "../../../trainer/lib/csv/dataset";
import { learnColumns } from "../../../trainer/lib/features/learn";
import { leaf, modelOf } from "../../../trainer/test/model/models";
import { parseArguments } from "../../../trainer/test/settings/parse-arguments";

/** Cells in a numeric column. */
const NUMBERS = ["1", "2.5", "1e3", "+.5", "-0", " 7 ", '"8"', "\u00a09\u00a0", '"1.10" ', "123456789012345678901234"];
const MISSING = ["", "NA", "?", " n/a", '""', "-"];
const TEXTS = ["a", " b ", '" c "', "NA", "", "é", "10", '"x ""y"""', '"p\nq"', '"r\r\ns"', "\u00a0t"];

/** A CSV file with a numeric column, a text column and a target, in any order. */
const file = fc
    .record({
        numbers: fc.array(fc.constantFrom(...NUMBERS), { minLength: 12, maxLength: 12 }),
        missing: fc.array(fc.tuple(fc.nat(11), fc.constantFrom(...MISSING)), { maxLength: 3 }),
        texts: fc.array(fc.constantFrom(...TEXTS), { minLength: 12, maxLength: 12 }),
        delimiter: fc.constantFrom(",", ";", "\t", "|"),
        lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
        order: fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
        blankLine: fc.nat(11),
    })
    .map(({ numbers, missing, texts, delimiter, lineEnd, order, blankLine }) => {
        const withMissing = new Map(missing);
        const lines = numbers.map((number, row) => {
            const comma = delimiter === ";" ? number.replace(".", ",") : number;
            return [withMissing.get(row) ?? comma, texts[row] ?? "", row % 2 === 0 ? "yes" : "no"];
        });
        const inOrder = [["number", "text", "target"], ...lines].map((cells) => order.map((index) => cells[index]));
        const rows = inOrder.map((cells) => cells.join(delimiter) + lineEnd);
        rows.splice(blankLine, 0, lineEnd);
        return Buffer.from(rows.join(""));
    });

describe("npm run predict", () => {
    it("reads the same numbers, missing values and categories from a file as the trainer", async () => {
        await fc.assert(
            fc.asyncProperty(file, async (bytes) => {
                // Without the type, a text column in which half of the cells are numbers would be rejected.
                const types = '--types={"text":"text"}';
                const hyperparameters = parseArguments(["--target=target", "--dropColumns=[]", types]);
                const dataset = await readDataset(Readable.from([bytes]), "gs://bucket/data.csv", hyperparameters, {
                    print: () => {},
                });
                const trained = learnColumns(dataset, allRows(dataset.rowCount));
                const model = modelOf(trained.features, ["no", "yes"], [leaf([1])]);

                const input = await readCsv(Readable.from([bytes]), "new.csv");
                const columns = findColumns(model, input, "new.csv");
                const seen: number[] = [];
                for await (const piece of predictRows(model, columns, input.header.cells.length, input.rows)) {
                    expect(piece.problems).toEqual([]);
                    seen.push(...piece.features);
                }

                const expected = Array.from({ length: dataset.rowCount }, (_, row) =>
                    trained.columns.map((column) => valueAt(column, row)),
                );
                // Add 0 to turn -0 into 0, because Jest does not consider them equal.
                expect(seen.map((value) => value + 0)).toEqual(expected.flat().map((value) => value + 0));
            }),
        );
    });
});
