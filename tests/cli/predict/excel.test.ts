import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { PredictFolder } from "./support";

const VENV = path.join(__dirname, "../../../.venv");
const run = promisify(execFile);

const isInstalled =
    existsSync(path.join(VENV, "requirements.txt")) &&
    readFileSync(path.join(VENV, "requirements.txt"), "utf8").includes("\nopenpyxl==");

/** Skipped without openpyxl, with the reason in the title. */
const describeWithOpenpyxl = isInstalled ? describe : describe.skip;
const reason = isInstalled ? "" : " [skipped: there is no .venv with openpyxl (.ci/python-packages.sh makes it)]";

/** A workbook as openpyxl reads it. A cell is its type ("n", "s", "f" for a formula ...) and its value. */
interface Workbook {
    [sheet: string]: { frozen: string | null; rows: [type: string, value: unknown][][] };
}

async function readWorkbook(file: string, sheets: "all" | "sizes" = "all"): Promise<Workbook> {
    const { stdout } = await run(path.join(VENV, "bin/python"), [path.join(__dirname, "read_workbook.py"), file, sheets], {
        env: { PATH: process.env.PATH ?? "", PYTHONDONTWRITEBYTECODE: "1" },
        maxBuffer: 2 ** 26,
    });
    return JSON.parse(stdout) as Workbook;
}

let place: PredictFolder;
beforeEach(() => {
    place = new PredictFolder();
});
afterEach(() => place.remove());

/** The sheet of a workbook that is made of some CSV. */
async function predictToSheet(model: string, csv: string) {
    place.write("new.csv", csv);
    await place.predict(model, "new.csv", "out.xlsx");
    const { predictions, ...others } = await readWorkbook(path.join(place.folder, "out.xlsx"));
    expect(others).toEqual({});
    return predictions as Workbook[string];
}

describeWithOpenpyxl(`Excel, as openpyxl reads it${reason}`, () => {
    it("has a frozen header, numbers as numbers and text as text", async () => {
        const { frozen, rows } = await predictToSheet(
            "pets",
            "id,weight,sound,age\n007,5.50,woof,3\n12,NA,meow,1e1\n13,,woof,old\n",
        );

        const header = ["id", "weight", "sound", "age", "predicted_target", "probability_cat", "probability_dog"];
        expect(frozen).toBe("A2");
        expect(rows[0]).toEqual([...header, "prediction_error"].map((name) => ["s", name]));
        expect(rows.slice(1)).toEqual([
            [["s", "007"], ["n", 5.5], ["s", "woof"], ["n", 3], ["s", "dog"], ["n", 0], ["n", 1], ["n", null]],
            [["n", 12], ["s", "NA"], ["s", "meow"], ["n", 10], ["s", "cat"], ["n", 0.75], ["n", 0.25], ["n", null]],
            [
                ...[["n", 13], ["n", null], ["s", "woof"], ["s", "old"], ["n", null], ["n", null], ["n", null]],
                ["s", 'column "age" must be a number; got "old"'],
            ],
        ]);
    });

    it.each([
        "=1+1",
        "+1",
        "-",
        "@SUM(A1)",
        "1e3",
        "5.10",
        "1234567890123456",
        "2026-01-02",
        "true",
        "#N/A",
        "<a href=\"x\">&amp;</a>",
        " spaces ",
        "two\nlines",
        "_x0041_",
        "é🦄",
    ])("keeps the text %j", async (text) => {
        const { rows } = await predictToSheet("prices", `size,note\n5,"${text.replaceAll('"', '""')}"\n`);

        // openpyxl leaves `_x005F_`, which stands for "_" where it must, to its reader.
        expect(rows[1]?.[1]).toEqual(["s", text.replace(/^_x/, "_x005F_x")]);
    });

    it.each([
        ["12", 12],
        ["-0.5", -0.5],
        ["0", 0],
    ])("takes %s for a number in a column that the model does not know", async (text, value) => {
        const { rows } = await predictToSheet("prices", `size,note\n5,${text}\n`);

        expect(rows[1]?.[1]).toEqual(["n", value]);
    });

    it("goes on in another sheet after 1,048,576 rows", async () => {
        place.write("new.csv", `size\n${"5\n".repeat(1_048_580)}`);

        await place.predict("prices", "new.csv", "out.xlsx");

        const sheets = await readWorkbook(path.join(place.folder, "out.xlsx"), "sizes");
        expect(sheets).toEqual({ predictions: 1_048_576, predictions_2: 6 });
    });

    it("with more than forty columns is read as well", async () => {
        const names = Array.from({ length: 60 }, (_, index) => `c${index}`);

        const { rows } = await predictToSheet("prices", `size,${names.join(",")}\n5,${names.join(",")}\n`);

        expect(rows[1]?.map(([, value]) => value)).toEqual([5, ...names, 1234.5, null]);
    });
});

describe("Excel", () => {
    it("has limits, and says so", async () => {
        place.write("wide.csv", `size${",".repeat(16_384)}\n`);
        place.write("long.csv", `size,note\n5,${"x".repeat(32_768)}\n`);

        expect(await place.failure("prices", "wide.csv", "out.xlsx")).toBe(
            "A sheet of Excel has 16384 columns, the output 16387: write .csv or .jsonl",
        );
        expect(await place.failure("prices", "long.csv", "out.xlsx")).toBe(
            'Row 2, column "note": a cell of Excel holds 32767 characters; got 32768: write .csv or .jsonl',
        );
        expect(place.has("out.xlsx")).toBe(false);
    });
});
