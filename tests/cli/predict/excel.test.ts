import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { findColumns, namePredictedColumns } from "../../../cli/predict/columns";
import { readCsv } from "../../../cli/predict/csv-file";
import { formatSheets } from "../../../cli/predict/formats/excel";
import { predictRows } from "../../../cli/predict/predict-rows";
import { PRICES, PredictFolder } from "./support";

const VENV = path.join(__dirname, "../../../.venv");
const run = promisify(execFile);

const isInstalled =
    existsSync(path.join(VENV, "requirements.txt")) &&
    readFileSync(path.join(VENV, "requirements.txt"), "utf8").includes("\nopenpyxl==");

/** Without openpyxl, the tests are skipped, with the reason in the title. */
const describeWithOpenpyxl = isInstalled ? describe : describe.skip;
const reason = isInstalled ? "" : " [skipped: found no .venv with openpyxl (.ci/python-packages.sh creates it)]";

/** A workbook as read by openpyxl. A cell is its type ("n", "s", "f" for a formula, ...) and its value. */
interface Workbook {
    [sheet: string]: { frozen: string | null; rows: [type: string, value: unknown][][] };
}

async function readWorkbook(file: string): Promise<Workbook> {
    const { stdout } = await run(path.join(VENV, "bin/python"), [path.join(__dirname, "read_workbook.py"), file], {
        env: { PATH: process.env.PATH ?? "", PYTHONDONTWRITEBYTECODE: "1" },
        maxBuffer: 2 ** 26,
    });
    return JSON.parse(stdout) as Workbook;
}

let folder: PredictFolder;
beforeEach(() => {
    folder = new PredictFolder();
});
afterEach(() => folder.remove());

/** Writes predictions for the rows in a CSV text to a workbook, and returns its sheet. */
async function predictToSheet(model: string, csv: string) {
    folder.write("new.csv", csv);
    await folder.predict(model, "new.csv", "out.xlsx");
    const { predictions, ...others } = await readWorkbook(path.join(folder.path, "out.xlsx"));
    expect(others).toEqual({});
    return predictions as Workbook[string];
}

describeWithOpenpyxl(`an Excel workbook as read by openpyxl${reason}`, () => {
    it("has a frozen header, numeric cells for numbers and text cells for text", async () => {
        const { frozen, rows } = await predictToSheet(
            "pets",
            "id,weight,sound,age\n007,5.50,woof,3\n12,NA,meow,1e1\n13,,woof,old\n",
        );

        const header = ["id", "weight", "sound", "age", "predicted_target", "probability_cat", "probability_dog"];
        expect(frozen).toBe("A2");
        expect(rows[0]).toEqual([...header, "prediction_error", "prediction_note"].map((name) => ["s", name]));
        expect(rows.slice(1)).toEqual([
            [
                ["s", "007"],
                ["n", 5.5],
                ["s", "woof"],
                ["n", 3],
                ["s", "dog"],
                ["n", 0],
                ["n", 1],
                ["n", null],
                ["n", null],
            ],
            [
                ["n", 12],
                ["s", "NA"],
                ["s", "meow"],
                ["n", 10],
                ["s", "cat"],
                ["n", 0.75],
                ["n", 0.25],
                ["n", null],
                ["n", null],
            ],
            [
                ...[
                    ["n", 13],
                    ["n", null],
                    ["s", "woof"],
                    ["s", "old"],
                    ["n", null],
                    ["n", null],
                    ["n", null],
                ],
                ["s", 'column "age" must be a number; got "old"'],
                ["n", null],
            ],
        ]);
    });

    it("keeps all text, and stores a value as a number only if it reads back unchanged", async () => {
        const texts = [
            ...["=1+1", "+1", "-", "@SUM(A1)", "'1", "1e3", "5.10", "1234567890123456", "2026-01-02", "true", "#N/A"],
            ...['<a href="x">&amp;</a>', " spaces ", "two\nlines", "é🦄"],
        ];
        const numbers = [12, -0.5, 0, 123456789012345];
        const cells = [...texts, ...numbers, "_x0041_"].map((cell) => `5,"${String(cell).replaceAll('"', '""')}"\n`);

        const { rows } = await predictToSheet("prices", `size,note\n${cells.join("")}`);

        expect(rows.slice(1).map(([, note]) => note)).toEqual([
            ...texts.map((text) => ["s", text]),
            ...numbers.map((number) => ["n", number]),
            // In ECMA-376, `_x005F_` is an escaped "_". openpyxl leaves the decoding to the caller.
            ["s", "_x005F_x0041_"],
        ]);
    });

    it("continues on another sheet, with the same header, when a sheet is full", async () => {
        const input = await readCsv(Readable.from([Buffer.from("size\n1\n2\n3\n400\n")]), "new.csv");
        const layout = {
            input,
            columns: findColumns(PRICES, input, "new.csv"),
            predicted: namePredictedColumns(PRICES, input.header.cells),
        };
        const rows = predictRows(PRICES, layout.columns, 1, input.rows);
        const file = folder.write("out.xlsx", await buffer(Readable.from(formatSheets(rows, layout, 3))));

        const sheets = await readWorkbook(file);

        const values = Object.entries(sheets).map(([name, sheet]) => [name, sheet.rows.map(([size]) => size?.[1])]);
        expect(values).toEqual([
            ["predictions", ["size", 1, 2]],
            ["predictions_2", ["size", 3, 400]],
        ]);
        expect(sheets.predictions_2).toMatchObject({ frozen: "A2" });
        expect(sheets.predictions_2?.rows.at(-1)).toEqual([
            ["n", 400],
            ["n", 99],
            ["n", null],
            ["n", null],
        ]);
    });

    it("can have more than forty columns", async () => {
        const names = Array.from({ length: 60 }, (_, index) => `c${index}`);

        const { rows } = await predictToSheet("prices", `size,${names.join(",")}\n5,${names.join(",")}\n`);

        expect(rows[1]?.map(([, value]) => value)).toEqual([5, ...names, 1234.5, null, null]);
    });
});

describe("an Excel workbook", () => {
    it("rejects input beyond Excel's limits", async () => {
        folder.write("wide.csv", `size${",".repeat(16_384)}\n`);
        folder.write("long.csv", `size,note\n5,${"x".repeat(32_768)}\n`);

        expect(await folder.failure("prices", "wide.csv", "out.xlsx")).toBe(
            "An Excel sheet can have at most 16384 columns, but the output has 16388: write .csv or .jsonl",
        );
        expect(await folder.failure("prices", "long.csv", "out.xlsx")).toBe(
            'Row 2, column "note": an Excel cell can hold at most 32767 characters; got 32768: write .csv or .jsonl',
        );
        expect(folder.has("out.xlsx")).toBe(false);
    });
});
