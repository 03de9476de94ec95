import { readFile } from "node:fs/promises";
import { csvFile, FEATURES, matrixFile } from "../../bench/generated-data";

const ROWS = 300;

describe("the bench's generated table", () => {
    it("has the same numbers and classes whether it is read as a matrix or as CSV", async () => {
        const bytes = await readFile(await matrixFile(ROWS));
        const matrix = new Float64Array(new Uint8Array(bytes).buffer);
        const [header, ...lines] = (await readFile(await csvFile(ROWS), "utf8")).trimEnd().split("\n");

        expect(header).toBe("x0,x1,x2,x3,x4,x5,x6,x7,x8,x9,class");
        const cells = lines.map((line) => line.split(","));
        const columns = Array.from({ length: FEATURES }, (_, column) => cells.map((row) => Number(row[column])));
        const classes = cells.map((row) => "abc".indexOf(row[FEATURES] ?? ""));
        expect([...columns, classes].flat()).toEqual([...matrix]);
        expect(new Set(classes)).toEqual(new Set([0, 1, 2]));
    });

    it("consists of the first rows of any larger table", async () => {
        const small = (await readFile(await csvFile(ROWS), "utf8")).split("\n").slice(0, ROWS + 1);
        const large = (await readFile(await csvFile(2 * ROWS), "utf8")).split("\n").slice(0, ROWS + 1);

        expect(small).toEqual(large);
    });
});
