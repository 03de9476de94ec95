import fc from "fast-check";
import { valueAt } from "../../lib/columns/number-list";
import { readDataset } from "../../lib/csv/dataset";
import { learnColumns } from "../../lib/features/learn";
import { type CellReader, cellReader, DATE_PARTS, datePart, NUMBERS, partsOf, type TextFeature } from "../../lib/model";
import { bytesOf, SOURCE } from "../csv/files";
import { parseArguments } from "../settings/parse-arguments";
import { count } from "../tables";

function read(csv: string, ...argv: string[]) {
    return readDataset(bytesOf(csv, 1000), SOURCE, parseArguments(["--target=y", ...argv]), { print: () => {} });
}

/** 40 rows; those from 30 on have strings and gaps that the others lack. */
const CSV = `color,size,y\n${count(40)
    .map(
        (row) =>
            `${row < 30 ? ["red", "blue", "rare"][row === 7 ? 2 : row % 2] : row < 35 ? "new" : ""},${row < 38 ? row % 7 : ""},${row % 2}`,
    )
    .join("\n")}\n`;
const TRAIN = Uint32Array.from(count(30));
const TEST = Uint32Array.from(count(10), (row) => row + 30);

describe("learnColumns", () => {
    it("learns nothing from other rows", async () => {
        const dataset = await read(CSV);
        const other = await read(CSV.replaceAll("new", "red").replace(/,\d\n$/, ",1\n"));
        const learned = learnColumns(dataset, TRAIN);
        expect(learned.features).toEqual(learnColumns(other, TRAIN).features);
        expect(learned.features).toMatchObject([
            { name: "color", kind: "text", categories: ["blue", "red"] },
            { name: "size", kind: "number", missing: false },
        ]);
    });

    it("counts the rows with values for which a prediction would print a note", async () => {
        const dataset = await read(CSV);
        const { countUnseen } = learnColumns(dataset, TRAIN);
        expect([countUnseen(TRAIN), countUnseen(TEST)]).toEqual([1, 10]);
    });

    it("encodes other rows as a prediction does", async () => {
        const dataset = await read(CSV, '--types={"size":"number"}');
        const { features, columns } = learnColumns(dataset, TRAIN);
        const lines = CSV.trim().split("\n").slice(1);
        for (const row of TEST) {
            const cells = (lines[row] as string).split(",");
            const numbers: number[] = [];
            for (const [index, feature] of features.entries()) {
                const reader: CellReader = cellReader(feature, false, dataset.reading);
                reader(cells[index] as string, numbers, numbers.length);
            }
            expect(numbers).toEqual(columns.map((column) => valueAt(column, row)));
        }
    });

    it("gives a category a code that grows with its share of the second class", async () => {
        const shares = [0.1, 0.5, 0.9];
        const rows = count(300).map(
            (row) => `c${row % 3},${row},${(row / 300) % 0.1 < (shares[row % 3] as number) / 10 ? "b" : "a"}`,
        );
        const dataset = await read(`c,n,y\n${rows.join("\n")}\n`, "--dropColumns=[]");
        const [feature] = learnColumns(dataset, Uint32Array.from(count(300))).features as [TextFeature];
        const [low, middle, high] = feature.codes[0] as [number, number, number];
        expect(low).toBeLessThan(middle);
        expect(middle).toBeLessThan(high);
        expect(feature.other[0]).toBeGreaterThan(low);
        expect(feature.other[0]).toBeLessThan(high);
    });

    it("gives categories with equal shares different codes, with lists of codes for several classes", async () => {
        const rows = count(60).map((row) => `${"xyz"[row % 3]},${"abcd"[Math.floor(row / 3) % 4]}`);
        const dataset = await read(`c,y\n${rows.join("\n")}\n`);
        const [feature] = learnColumns(dataset, Uint32Array.from(count(60))).features as [TextFeature];
        expect(partsOf(feature)).toBe(4);
        for (const codes of feature.codes) {
            expect(new Set(codes).size).toBe(3);
        }
    });

    it("leaves out a column of strings that hardly ever repeat", async () => {
        const rows = count(60).map((row) => `name ${row},${row % 5},${"ab"[row % 2]}`);
        const { features, findings } = learnColumns(
            await read(`n,x,y\n${rows.join("\n")}\n`),
            Uint32Array.from(count(60)),
        );
        expect(features.map(({ name }) => name)).toEqual(["x"]);
        expect(findings).toEqual([
            {
                kind: "rare-text",
                column: "n",
                message: 'Column "n" is not used, because hardly any of its strings occur in more than one row',
                setting: 'types={"n":"drop"}',
            },
        ]);
    });
});

describe("datePart", () => {
    it("returns the parts of any date", () => {
        const anyDate = fc.date({ min: new Date("0000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
        fc.assert(
            fc.property(anyDate, (date) => {
                const time = date.getTime() / 1000;
                expect(DATE_PARTS.map((part) => datePart(time, part, NUMBERS) + 0)).toEqual([
                    time + 0,
                    date.getUTCMonth() + 1,
                    date.getUTCDate(),
                    date.getUTCDay(),
                    date.getUTCHours(),
                ]);
            }),
        );
    });
});
