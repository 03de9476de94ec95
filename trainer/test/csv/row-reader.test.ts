import fc from "fast-check";
import { toDoubles } from "../../lib/columns/number-list";
import { ColumnBuilder } from "../../lib/csv/column-builder";
import { fileRules } from "../../lib/csv/rules";
import { readTable } from "../../lib/csv/table-reader";
import { DataError } from "../../lib/errors";
import { parseNumber } from "../../lib/model";
import { bytesOf, SOURCE } from "./files";

/** Reads a numeric file into columns that are known to be numeric before the first row is read. */
async function readNumbers(content: string, chunkSize: number, windowBytes: number): Promise<number[][]> {
    const builders: ColumnBuilder[] = [];
    const plan = ({ columns, delimiter }: { columns: string[]; delimiter: string }) => {
        const rules = fileRules(delimiter);
        for (const name of columns) {
            const builder = new ColumnBuilder(name, "feature", rules);
            builder.decided = { kind: "number" };
            builders.push(builder);
        }
        return { builders, rules };
    };
    const { reader } = await readTable(bytesOf(content, chunkSize), SOURCE, plan, { windowBytes });
    if (reader.problems.length > 0) {
        throw new DataError(reader.problems);
    }
    return builders.map(({ numbers }) => [...toDoubles(numbers.firstRows(reader.rowCount))]);
}

const digits = (maxLength: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${maxLength}}$`));
const plain = fc
    .tuple(fc.constantFrom("", "-"), digits(20), fc.option(digits(20), { nil: undefined }))
    .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === undefined ? "" : `.${fraction}`}`);
const other = fc.constantFrom("", "NA", "-", "1e5", "-2.5E-3", "+7", ".5", "5.", " 8", "9 ", '"10"', "1e300");
const cell = fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: other });

describe("RowReader", () => {
    it("reads numbers as Number does, wherever the file is split", async () => {
        const file = fc.tuple(
            fc.constantFrom(",", ";", "\t"),
            fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 12 }),
            fc.constantFrom("\n", "\r\n", "\r"),
            fc.boolean(),
        );
        const sizes = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 4, max: 80 }));
        await fc.assert(
            fc.asyncProperty(file, sizes, async ([delimiter, rows, lineBreak, ends], [chunkSize, windowBytes]) => {
                const lines = rows.map((cells) => cells.join(delimiter) + lineBreak);
                const content = `a${delimiter}b${delimiter}c${lineBreak}${lines.join("")}`;
                const columns = await readNumbers(
                    ends ? content : content.slice(0, -lineBreak.length),
                    chunkSize,
                    windowBytes,
                );
                const expected = [0, 1, 2].map((column) =>
                    rows.map((cells) => {
                        const text = (cells[column] as string).replaceAll('"', "").trim();
                        return (parseNumber(text, delimiter === ";") ?? Number.NaN) + 0;
                    }),
                );
                expect(columns).toEqual(expected);
            }),
            { numRuns: 1000 },
        );
    });

    it("reads decimal commas as decimal points", async () => {
        const comma = plain.map((text) => text.replace(".", ","));
        await fc.assert(
            fc.asyncProperty(fc.array(fc.tuple(comma, plain), { minLength: 1 }), async (rows) => {
                const content = `a;b\n${rows.map((cells) => `${cells.join(";")}\n`).join("")}`;
                const expected = [0, 1].map((column) =>
                    rows.map((cells) => Number((cells[column] as string).replace(",", ".")) + 0),
                );
                expect(await readNumbers(content, 1000, 100)).toEqual(expected);
            }),
        );
    });

    it.each([
        ["a row that lacks a cell", "1,2,3\n4,5\n", "row 3 has 2 cells"],
        [
            "a row with one cell too many",
            "1,2,3\n4,5,6,7\n",
            'row 3 has 4 cells, but the header has 3: the first extra cell is "7"',
        ],
        [
            "two decimal points",
            "1,2,3\n4.5.6,7,8\n",
            'row 3, column "a": "4.5.6" is text in a column of numbers (1 of 2)',
        ],
        ["a lone sign", "1,+,3\n", 'row 2, column "b": "+" is text in a column of numbers (0 of 1)'],
        ["two signs", "1,--2,3\n", 'row 2, column "b": "--2" is text'],
        ["a number with a unit", "\n1,2,3kg\n", 'row 3, column "c": "3kg" is text'],
        ["an unclosed quote", '1,2,3\n4,5,"6\n7,8,9\n', "after row 2: a quoted cell is never closed"],
    ])("rejects %s among plain numbers", async (_, rows, message) => {
        await expect(readNumbers(`a,b,c\n${rows}`, 5, 8)).rejects.toThrow(`${SOURCE} ${message}`);
    });
});
