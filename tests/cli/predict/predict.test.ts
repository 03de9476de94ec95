import { PassThrough, Readable } from "node:stream";
import { predict } from "../../../cli/predict/command";
import { PredictFolder } from "./support";

let folder: PredictFolder;
beforeEach(() => {
    folder = new PredictFolder();
});
afterEach(() => folder.remove());

const lastLine = () => folder.reported.at(-1)?.replace(/in .*/, "in ...");

describe("npm run predict", () => {
    it("keeps all columns, and adds the class and probabilities", async () => {
        folder.write("new.csv", "name,age,sound,weight\nRex,3,woof,30\nTom,1,meow,4\nIda,2,woof,\n");

        await expect(folder.predict("pets", "new.csv", "out.csv")).resolves.toEqual({ status: 0, stdout: "" });

        expect(folder.read("out.csv")).toBe(
            "name,age,sound,weight,predicted_target,probability_cat,probability_dog,prediction_error,prediction_note\n" +
                "Rex,3,woof,30,cat,0.5,0.5,,\n" +
                "Tom,1,meow,4,cat,0.75,0.25,,\n" +
                "Ida,2,woof,,cat,0.5,0.5,,\n",
        );
        expect(folder.reported[0]).toBe(
            "Model pets/model.json: tree for target, 2 classes, from 3 columns, fitted on 10 rows",
        );
        expect(lastLine()).toBe("Wrote out.csv: 3 rows, in ...");
    });

    it("predicts numbers, reading standard input and writing standard output", async () => {
        folder.stdin = Readable.from([Buffer.from("size\n5\n500\n")]);

        await expect(folder.predict("prices/model.json", "-")).resolves.toEqual({
            status: 0,
            stdout: "size,predicted_target,prediction_error,prediction_note\n5,1234.5,,\n500,99,,\n",
        });
    });

    it("writes only a header for input without rows", async () => {
        folder.write("new.csv", "size\n");

        const { status, stdout } = await folder.predict("prices", "new.csv", "-");

        expect([status, stdout]).toEqual([0, "size,predicted_target,prediction_error,prediction_note\n"]);
    });

    it("prints its usage to standard output", async () => {
        const { status, stdout } = await folder.predict("--help");

        expect(status).toBe(0);
        expect(stdout).toContain("Usage: npm run predict -- [options] MODEL INPUT [OUTPUT]");
        expect(folder.reported).toEqual([]);
    });

    it("shows its usage on a terminal without lines that are too long", async () => {
        const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
        await predict(["--help"], folder.context(terminal));

        const lines = String(terminal.read()).split("\n");
        expect(lines.length).toBeGreaterThan(20);
        expect(lines.filter((line) => line.length > 79)).toEqual([]);
    });

    it.each([
        [[], "MODEL and INPUT must be given"],
        [["pets"], "INPUT must be given"],
        [["-s", "dev"], "INPUT must be given"],
        [["pets", "a.csv", "b.csv", "c.csv"], '"c.csv" is one argument too many'],
        [["pets", "a.csv", "--run", "r-1"], "--run requires --stack"],
        [["pets", "a.csv", "--models"], 'must be one of --stack, --run, --format, --force, --help; got "--models"'],
        [["pets", "a.csv", "b.ods"], 'must end in one of .csv, .jsonl, .xlsx, or --format must be set; got "b.ods"'],
        [["pets", "a.csv", "-f", "ods"], '--format must be one of csv, jsonl, xlsx; got "ods"'],
        [["pets", "a.csv", "gs://b/c.csv"], "gcloud storage cp"],
    ])("rejects %j", async (args, message) => {
        const said = await folder.failure(...args);

        expect(said).toContain(message);
        expect(said).toContain("npm run predict -- --help");
    });
});

describe("rows that cannot be predicted", () => {
    const HEADER = "age,sound,weight";
    const TABLE = [
        [HEADER, ""],
        ["1,woof,5", "dog,0,1,,"],
        [
            "x,moo,4",
            ',,,"column ""age"" must be a number; got ""x""","column ""sound"" has ""moo"", which is new or rare: treated as other"',
        ],
        [",meow,4", 'cat,0.75,0.25,,"column ""age"" has no value, although every training row had one"'],
        ["", ""],
        ["2,meow,heavy", ',,,"column ""weight"" must be a number; got ""heavy""",'],
        [
            '2,"me"ow,3',
            ',,,"text follows the end of a quoted cell; write """" for a quote within the cell: 2,""me""ow,3",',
        ],
        ["2,meow", ',,,"has 2 cells, but the header has 3",'],
        ["2,meow,3,4", ',,,"has 4 cells, but the header has 3; the first extra cell is ""4""",'],
        ["2,,3", "cat,0.75,0.25,,"],
        ["2,moo,3", 'dog,0,1,,"column ""sound"" has ""moo"", which is new or rare: treated as other"'],
    ] as const;
    const INPUT = TABLE.map(([row]) => `${row}\n`).join("");

    it("are kept with the reason, and the remaining rows are still predicted", async () => {
        folder.write("new.csv", INPUT);

        await expect(folder.predict("pets", "new.csv", "out.csv")).resolves.toMatchObject({ status: 2 });

        const rows = TABLE.slice(1).filter(([row]) => row !== "");
        const kept = (row: string) =>
            ({ '2,"me"ow,3': ",,", "2,meow": "2,meow,", "2,meow,3,4": "2,meow,3" })[row] ?? row;
        expect(folder.read("out.csv").split("\n").slice(1, -1)).toEqual(
            rows.map(([row, predicted]) => `${kept(row)},${predicted}`),
        );
        expect(lastLine()).toBe(
            "Wrote out.csv: 9 rows, 5 of them without a prediction, 3 with values that are new to the model (prediction_note), in ...",
        );
    });

    it("are reported with the line number shown in an editor, and the column", async () => {
        folder.write("new.csv", INPUT);

        await folder.predict("pets", "new.csv", "out.csv");

        expect(folder.reported.slice(1, -1)).toEqual([
            'new.csv row 3, column "age": must be a number; got "x"',
            'new.csv row 6, column "weight": must be a number; got "heavy"',
            'new.csv row 7: text follows the end of a quoted cell; write "" for a quote within the cell: 2,"me"ow,3',
            "new.csv row 8: has 2 cells, but the header has 3",
            'new.csv row 9: has 4 cells, but the header has 3; the first extra cell is "4"',
        ]);
    });

    it("are reported individually up to 20, then only counted", async () => {
        folder.write("new.csv", `size\n${"small\n".repeat(50)}`);

        await folder.predict("prices", "new.csv", "out.csv");

        expect(folder.reported.filter((note) => note.includes("must be a number"))).toHaveLength(20);
        expect(folder.reported).toContain("30 more problems are in the output's prediction_error");
    });
});

describe("columns", () => {
    it.each([
        ["age,sound\n1,woof\n", 'new.csv has no column "weight", which the model needs; it has "age", "sound"'],
        [
            "Age,sounds,body weight\n1,woof,3\n",
            'new.csv has no column "weight", "sound" (it has "sounds"), "age" (it has "Age"), which the model needs',
        ],
        ["5,3.5,7\n1,2,3\n", "add a header row with the column names"],
        ["age,sound,weight,age\n1,woof,3,4\n", 'new.csv names column "age" twice, as number 1 and 4'],
    ])("are rejected before anything is written: %j", async (text, message) => {
        folder.write("new.csv", text);

        expect(await folder.failure("pets", "new.csv", "out.csv")).toContain(message);
        expect(folder.files()).toEqual(["new.csv", "pets", "prices"]);
    });

    it("can be unnamed or have duplicate names if the model does not use them", async () => {
        folder.write("new.csv", ",x,size,x,\n0,1,5,2,3\n");

        expect((await folder.predict("prices", "new.csv", "-f", "csv")).stdout).toBe(
            ",x,size,x,,predicted_target,prediction_error,prediction_note\n0,1,5,2,3,1234.5,,\n",
        );
        expect(JSON.parse((await folder.predict("prices", "new.csv", "-f", "jsonl")).stdout)).toEqual({
            ...{ column_1: "0", x: "1", size: 5, x_2: "2", column_5: "3" },
            predicted_target: 1234.5,
        });
    });

    it("from an earlier prediction are kept, and the new ones get a suffix", async () => {
        folder.write("new.csv", "size\n5\n");
        await folder.predict("prices", "new.csv", "once.csv");
        await folder.predict("prices", "once.csv", "twice.csv");
        const { stdout } = await folder.predict("prices", "twice.csv");

        expect(stdout).toBe(
            "size,predicted_target,prediction_error,prediction_note,predicted_target_2,prediction_error_2,prediction_note_2," +
                "predicted_target_3,prediction_error_3,prediction_note_3\n5,1234.5,,,1234.5,,,1234.5,,\n",
        );
        expect(folder.reported).toContain(
            "twice.csv already has predicted_target, prediction_error, prediction_note: the new columns begin with predicted_target_3",
        );
    });
});
