import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { readChecked } from "../lib/check/check";
import { DataError } from "../lib/errors";
import { mulberry32 } from "../lib/random";
import { readArguments } from "../lib/settings/arguments";
import { bucket, MODEL, readMetrics, readModel, setUpTrainer, train } from "./built-trainer";
import { bytesOf, SOURCE } from "./csv/files";
import { count } from "./tables";

/** Files as people, pandas, R and Excel write them, and reconstructions of bug reports from other projects. */
const FOLDER = path.join(__dirname, "cases");

function fileOf(name: string): Buffer {
    return readFileSync(path.join(FOLDER, `${name}.csv`));
}

/** Rows, target, features and findings of a file. */
async function examine(name: string, ...argv: string[]) {
    const target = argv.some((argument) => argument.startsWith("--target=")) ? [] : ["--target=y"];
    const given = readArguments([...target, ...argv]);
    const checked = await readChecked(bytesOf(fileOf(name), 4000), SOURCE, given, { print: () => undefined });
    const { dataset, learned, findings } = checked;
    return {
        rows: dataset.rowCount,
        left: dataset.rowsWithoutTarget,
        target: dataset.target.task === "classification" ? dataset.target.classes.join(" ") : "a number",
        features: learned.features.map((feature) => `${feature.name}:${feature.kind}`).join(" "),
        findings: findings
            .filter(({ kind, column }) => kind !== "few-rows" || column !== undefined)
            .map(({ kind, column }) => `${kind}:${column}`)
            .join(" "),
    };
}

type Expected = Partial<Awaited<ReturnType<typeof examine>>>;

const YES_NO: Expected = { rows: 60, left: 0, target: "no yes", features: "x:number c:text", findings: "" };
const UNLABELLED: Expected = { ...YES_NO, rows: 51, left: 9, findings: "missing-marker:y" };
const NUMBERED: Expected = { rows: 60, target: "a b", features: "x:number" };

const CASES: Record<string, Expected> = {
    bug_pp1005_tab_decimal: { features: "X:number Y:number", findings: "number-format:X number-format:Y leak:Y" },
    bug_pp600_comma_header: { features: "Name (a, b, c, d):text Price (x, y, z):number Qty, pcs:number" },
    bug_ort27533_leaf: { findings: "constant:a" },
    bug_sko1253_nan: { findings: "leak:a" },
    bug_sk14528_random_high_card: { features: "noise:number b:number", findings: "" },
    class_one_row: { ...YES_NO, target: "no rare yes", findings: "few-rows:y" },
    dates_iso: { ...YES_NO, features: "date:date x:number" },
    dup_header: { ...YES_NO, features: "x:number x.1:number" },
    empty_header: { ...YES_NO, features: "x:number", findings: "identifier:Unnamed: 0" },
    gz: { ...YES_NO, features: "x:number c:text n:number" },
    id_no: { ...NUMBERED, findings: "identifier:No" },
    id_prefix: { ...NUMBERED, findings: "identifier:id_customer" },
    int2_60: { target: "a b", features: "c:text", findings: "inexact-numbers:x rare-text:x" },
    missnum_BSN: { ...YES_NO, findings: "missing-marker:x" },
    missnum_HDIV_0: { ...YES_NO, findings: "missing-marker:x" },
    missnum_dot: { ...YES_NO, findings: "missing-marker:x" },
    misstgt_N_A: UNLABELLED,
    misstgt_null: UNLABELLED,
    misstgt_plain_NA: UNLABELLED,
    misstgt_qq: { ...UNLABELLED, findings: "" },
    percent: { ...YES_NO, features: "rate:number c:text", findings: "number-format:rate" },
    quote_mid: YES_NO,
    rownames: { ...NUMBERED, findings: "identifier:rownames" },
    sep_line: { ...YES_NO, features: "x:number c:text n:number" },
    target_num_text_mix: { rows: 50, left: 10, findings: "bad-cells:y task:y few-rows:y" },
    text_high_card: { ...YES_NO, features: "x:number", findings: "rare-text:name" },
    thousands_quoted: { ...YES_NO, features: "price:number c:text", findings: "number-format:price" },
    title_lines: { ...YES_NO, findings: "header:undefined" },
    total_row: { ...YES_NO, findings: "bad-cells:x" },
    trailing_delim_all: YES_NO,
    unicode_minus: YES_NO,
    unnamed0: { ...NUMBERED, findings: "identifier:Unnamed: 0" },
    utf16le_bom: { ...YES_NO, features: "x:number c:text n:number" },
};

describe("the file", () => {
    it.each(Object.entries(CASES))("%s is read as expected", async (name, expected) => {
        expect(await examine(name)).toMatchObject(expected);
    });

    it("counts_target is treated as a regression, and a finding names the setting that changes this", async () => {
        const expected = { target: "a number", findings: "task:visits" };
        expect(await examine("counts_target", "--target=visits")).toMatchObject(expected);
    });

    it("zip_target keeps the spelling of its labels", async () => {
        expect((await examine("zip_target", "--target=zip")).target).toBe("02100 02101 02102 02103");
    });

    it("cp1252 can be read with the setting that the error names", async () => {
        await expect(examine("cp1252")).rejects.toThrow("or set `encoding` (--encoding=windows-1252)");
        expect((await examine("cp1252", "--encoding=windows-1252")).target).toContain("ü");
    });

    it("thousands_semicolon_target can be read with the setting that its only error names", async () => {
        const name = "thousands_semicolon_target";
        await expect(examine(name, "--target=preis")).rejects.toThrow(
            new DataError(
                `${SOURCE} row 2, column "preis": "1.243" can be read in two ways, because nothing else in the file shows ` +
                    'whether its mark separates thousands or decimals; set `decimal` to "," or "."',
            ),
        );
        const expected = { target: "a number", findings: "number-format:preis leak:qm" };
        expect(await examine(name, "--target=preis", "--decimal=,")).toMatchObject(expected);
    });

    it("e160_target is rejected, because the squares of its numbers overflow", async () => {
        await expect(examine("e160_target")).rejects.toThrow("must have numbers below 1e+150");
    });

    it("has a test, as every file in the folder must", () => {
        const others = ["bug_mlcart18_parity", "counts_target", "zip_target"];
        const named = [...Object.keys(CASES), ...others, "cp1252", "thousands_semicolon_target", "e160_target"];
        expect(readdirSync(FOLDER).sort()).toEqual(named.map((name) => `${name}.csv`).sort());
    });
});

describe("the built trainer", () => {
    setUpTrainer();

    it("learns three-bit parity, whose first split gains nothing", async () => {
        await train(fileOf("bug_mlcart18_parity"), "--target=y");
        expect(await readMetrics()).toMatchObject({ accuracy: 1 });
    });

    it("routes missing values in the same way in training and testing", async () => {
        await train(fileOf("bug_sko1253_nan"), "--target=y");
        expect(await readMetrics()).toMatchObject({ accuracy: 1 });
    });

    it("writes a model for a column with a single value", async () => {
        await train(fileOf("bug_ort27533_leaf"), "--target=y");
        expect((await readModel()).trees).toHaveLength(1);
    });

    it("recognises a class that makes up half a percent of the rows", async () => {
        const rows = count(4000).map((row) => `${row % 200 === 7 ? 8 + (row % 3) / 9 : (row % 11) / 9},${row % 13}`);
        const lines = rows.map((row, index) => `${row},${index % 200 === 7 ? "fraud" : "ok"}\n`);
        await train(`a,b,y\n${lines.join("")}`, "--target=y");
        expect(await readMetrics()).toMatchObject({
            classes: [{ label: "fraud", recall: 1 }, { label: "ok" }],
            findings: [
                { kind: "imbalance", column: "y", setting: "testFraction=0.4" },
                { kind: "leak", column: "a", setting: 'types={"a":"drop"}' },
            ],
        });
    });

    it("learns from a text column with 200 strings in no particular order", async () => {
        const random = mulberry32(1);
        const effects = count(200).map(() => random() < 0.5);
        const rows = count(4000).map(() => {
            const shop = Math.floor(random() * 200);
            return `shop${shop},${random().toFixed(3)},${(random() < 0.9) === effects[shop] ? "yes" : "no"}\n`;
        });
        await train(`shop,a,y\n${rows.join("")}`, "--target=y");
        expect((await readMetrics()).accuracy).toBeGreaterThan(0.85);
    });

    // The case has 60,000 rows; `npm run load -- classes` trains on that many.
    it("writes for each leaf only the classes that occur in it if there are 1,000 classes", async () => {
        const random = mulberry32(1);
        const centres = count(1000).map(() => count(4).map(() => random()));
        const rows = count(6000).map((row) => {
            const cells = (centres[row % 1000] ?? []).map((centre) => (centre + random() / 20).toFixed(4));
            return `${cells.join()},k${row % 1000}\n`;
        });
        const settings = ["--target=y", "--algorithm=forest", "--trees=5", "--minNumSamples=5"];
        const { exitCode, stdout, stderr } = await train(`a,b,c,d,y\n${rows.join("")}`, ...settings);

        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        const { accuracy, classes } = (await readMetrics()) as { accuracy: number; classes: unknown[] };
        expect([classes.length, accuracy > 0.1]).toEqual([1000, true]);
        const leaves = Number(/([\d,]+) leaves/.exec(stdout)?.[1]?.replaceAll(",", ""));
        expect(Number(await bucket.sizeOf(MODEL)) / leaves).toBeLessThan(400);
    });
});
