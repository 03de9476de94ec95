import { readDataset } from "../../lib/csv/dataset";
import { parseArguments } from "../settings/parse-arguments";
import { count } from "../tables";
import { bytesOf, SOURCE } from "./files";
import { ROWS, read, readX, table } from "./read-table";

describe("missing values", () => {
    it.each([".", "\\N", "#DIV/0!", "<NA>", "NaT", "n.a.", "#VALUE!", "(null)"])(
        "can be written as %s among numbers",
        async (marker) => {
            const { values, warnings } = await readX(["1.5", "2", marker]);
            expect(values).toEqual([1.5, 2, null]);
            expect(warnings).toEqual([
                expect.stringContaining(`Column "x" has ${JSON.stringify(marker)} (20), taken for missing values`),
            ]);
        },
    );

    it("are recognised by the markers that are set, which may be numbers", async () => {
        expect((await readX(["1.5", "-999", "<0.1"], ",", '--missing=["-999","<0.1"]')).values).toEqual([
            1.5,
            null,
            null,
        ]);
        expect((await readX(["a", "b", "n/d"], ",", "--missing=n/d")).values).toEqual(["a", "b", ""]);
    });

    it("replace cells that do not fit, if onBadCell is set accordingly", async () => {
        const file = `${table(["1", "2.5"])}wide,,yes\n`;
        await expect(read(file)).rejects.toThrow(
            'row 62, column "x": "wide" is text in a column of numbers (60 of 61); correct it, remove the row or the ' +
                "column, or set `missing`, `types` or `onBadCell`",
        );
        const { columns, warnings, dataset } = await read(file, "--onBadCell=missing");
        expect(columns.x?.at(-1)).toBeNull();
        expect(warnings).toEqual([
            expect.stringContaining(
                'has 1 cell that does not fit, taken for missing values: the first is "wide" in row 62',
            ),
        ]);
        expect(dataset.reading).toEqual({ missing: [], onBadCell: "missing" });
    });
});

describe("a row of totals", () => {
    it.each(["Total", "Summe", "Grand total"])("is left out if it begins with %s", async (word) => {
        for (const x of [
            ["1", "2.5"],
            ["one", "two"],
        ]) {
            const { dataset, warnings } = await read(`${table(x)}${word},,60\n`);
            expect(dataset.rowCount).toBe(ROWS);
            expect(dataset.target).toMatchObject({ classes: ["no", "yes"] });
            expect(warnings).toEqual([
                `Column "x" has "${word}" in the last row (row 62), which is left out because it holds totals ` +
                    '(--types={"x":"text"} changes it)',
            ]);
        }
    });

    it("is kept if the user has set the kind of its column, or if the word is a common one", async () => {
        const text = await read(`${table(["1", "2.5"])}Total,,yes\n`, '--types={"x":"text"}');
        expect(text.dataset.rowCount).toBe(ROWS + 1);
        expect((await read(table(["mean", "total"]))).dataset.rowCount).toBe(ROWS);
    });
});

describe("words in a numeric target", () => {
    const y = ["7", "3.5", "9", "1", "2", "high"];

    it("cause their rows to be left out, with a finding", async () => {
        const { dataset, warnings } = await read(table(["1", "2.5"], { y }));
        expect(dataset.rowsWithoutTarget).toBe(10);
        expect(warnings).toEqual([
            'Column "y" has 10 cells that do not fit, taken for missing values: the first is "high" in row 7 ' +
                '(--types={"y":"text"} changes it)',
        ]);
    });

    it("stop the training if there are many", async () => {
        await expect(read(table(["1", "2.5"], { y: ["7.5", "3", "high"] }))).rejects.toThrow(
            'column "y" must contain only numbers, or be declared as text; got "high" and the like in 20 of 60 rows: set ' +
                "`types` or `missing`",
        );
    });
});

describe("the kind of a column", () => {
    // About half of the cells are numbers, so that a single row can decide the kind.
    const cells = count(61).map((row) => (row % 2 ? "a" : "1"));

    it("does not depend on the rows that are excluded", async () => {
        const content = `x,c,y\n${cells.map((cell, row) => `${cell},${row % 3},${row % 2 ? "no" : "yes"}`).join("\n")}\n`;
        const settings = parseArguments(["--target=y", "--onBadCell=missing"]);
        const kindWithout = async (excludedFromKinds?: ReadonlySet<number>) => {
            const request = { ...settings, excludedFromKinds };
            const dataset = await readDataset(bytesOf(content), SOURCE, request, { print: () => undefined });
            return { kind: dataset.columns[0]?.kind, dataset };
        };
        const { kind, dataset } = await kindWithout();
        expect(kind).toBe("number");
        expect(dataset.excludeFromKinds(Uint32Array.of(1, 3))).toBeUndefined();
        const excluded = dataset.excludeFromKinds(Uint32Array.of(0, 2));
        expect(excluded).toEqual(new Set([0, 2]));
        expect((await kindWithout(excluded)).kind).toBe("text");
    });

    it("cannot change if all cells agree", async () => {
        const { dataset } = await read(table(["1", "2.5"]));
        expect(dataset.excludeFromKinds(Uint32Array.from(count(59)))).toBeUndefined();
    });
});
