import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import { predict } from "../../../cli/predict/command";
import { PredictFolder } from "./support";

let place: PredictFolder;
beforeEach(() => {
    place = new PredictFolder();
});
afterEach(() => place.remove());

const lastNote = () => place.notes.at(-1)?.replace(/in .*/, "in ...");

describe("npm run predict", () => {
    it("keeps all columns, and adds class and probabilities", async () => {
        place.write("new.csv", "name,age,sound,weight\nRex,3,woof,30\nTom,1,meow,4\nIda,2,woof,\n");

        await expect(place.predict("pets", "new.csv", "out.csv")).resolves.toEqual({ status: 0, stdout: "" });

        expect(place.read("out.csv")).toBe(
            "name,age,sound,weight,predicted_target,probability_cat,probability_dog,prediction_error\n" +
                "Rex,3,woof,30,cat,0.5,0.5,\n" +
                "Tom,1,meow,4,cat,0.75,0.25,\n" +
                "Ida,2,woof,,cat,0.5,0.5,\n",
        );
        expect(place.notes[0]).toBe(
            "Model pets/model.json: tree for target, 2 classes, from 3 columns, fitted on 10 rows",
        );
        expect(lastNote()).toBe("Wrote out.csv: 3 rows, in ...");
    });

    it("predicts numbers, from standard input to standard output", async () => {
        place.stdin = Readable.from([Buffer.from("size\n5\n500\n")]);

        await expect(place.predict("prices/model.json", "-")).resolves.toEqual({
            status: 0,
            stdout: "size,predicted_target,prediction_error\n5,1234.5,\n500,99,\n",
        });
    });

    it("writes a header when there are no rows", async () => {
        place.write("new.csv", "size\n");

        const { status, stdout } = await place.predict("prices", "new.csv", "-");

        expect([status, stdout]).toEqual([0, "size,predicted_target,prediction_error\n"]);
    });

    it("shows how to use it", async () => {
        await expect(place.predict("--help")).resolves.toMatchObject({ status: 0 });
        expect(place.notes.join("\n")).toContain("Usage: npm run predict -- [options] MODEL INPUT [OUTPUT]");
    });

    it.each([
        [[], "MODEL and INPUT must be given"],
        [["pets"], "INPUT must be given"],
        [["-s", "dev"], "INPUT must be given"],
        [["pets", "a.csv", "b.csv", "c.csv"], '"c.csv" is one argument too many'],
        [["pets", "a.csv", "--run", "r-1"], "--run needs --stack"],
        [["pets", "a.csv", "--models"], "Unknown option '--models'"],
        [
            ["pets", "a.csv", "b.ods"],
            'must end in one of .csv, .jsonl, .xlsx, or --format say one of csv, jsonl, xlsx; got "b.ods"',
        ],
        [["pets", "a.csv", "-f", "ods"], '--format must be one of csv, jsonl, xlsx; got "ods"'],
        [["pets", "a.csv", "gs://b/c.csv"], "gcloud storage cp"],
    ])("refuses %j", async (args, message) => {
        const said = await place.failure(...args);

        expect(said).toContain(message);
        expect(said).toContain("npm run predict -- --help");
    });
});

describe("rows that cannot be predicted", () => {
    const HEADER = "age,sound,weight";
    const TABLE = [
        [HEADER, ""],
        ["1,woof,5", "dog,0,1,"],
        [
            "x,moo,4",
            ',,,"column ""sound"" must be one of """", ""meow"", ""woof""; got ""moo""; column ""age"" must be a number; got ""x"""',
        ],
        [",meow,4", ',,,"column ""age"" has no value; the model needs one"'],
        ["", ""],
        ["2,meow,heavy", ',,,"column ""weight"" must be a number; got ""heavy"""'],
        [
            '2,"me"ow,3',
            ',,,"text follows the end of a quoted cell; write """" for a quote within the cell: 2,""me""ow,3"',
        ],
        ["2,meow", ',,,"has 2 cells, the header has 3"'],
        ["2,meow,3,4", ',,,"has 4 cells, the header has 3; the first too many is ""4"""'],
        ["2,,3", "cat,0.75,0.25,"],
    ] as const;
    const INPUT = TABLE.map(([row]) => `${row}\n`).join("");

    it("are kept, say why, and do not hold up the rest", async () => {
        place.write("new.csv", INPUT);

        await expect(place.predict("pets", "new.csv", "out.csv")).resolves.toMatchObject({ status: 2 });

        const rows = TABLE.slice(1).filter(([row]) => row !== "");
        const kept = (row: string) =>
            ({ '2,"me"ow,3': ",,", "2,meow": "2,meow,", "2,meow,3,4": "2,meow,3" })[row] ?? row;
        expect(place.read("out.csv").split("\n").slice(1, -1)).toEqual(
            rows.map(([row, predicted]) => `${kept(row)},${predicted}`),
        );
        expect(lastNote()).toBe("Wrote out.csv: 8 rows, 6 of them without a prediction, in ...");
    });

    it("are reported with the line that an editor shows, and the column", async () => {
        place.write("new.csv", INPUT);

        await place.predict("pets", "new.csv", "out.csv");

        expect(place.notes.slice(1, -1)).toEqual([
            'new.csv row 3, column "sound": must be one of "", "meow", "woof"; got "moo"',
            'new.csv row 3, column "age": must be a number; got "x"',
            'new.csv row 4, column "age": has no value; the model needs one',
            'new.csv row 6, column "weight": must be a number; got "heavy"',
            'new.csv row 7: text follows the end of a quoted cell; write "" for a quote within the cell: 2,"me"ow,3',
            "new.csv row 8: has 2 cells, the header has 3",
            'new.csv row 9: has 4 cells, the header has 3; the first too many is "4"',
        ]);
    });

    it("are counted when they are many", async () => {
        place.write("new.csv", `size\n${"small\n".repeat(50)}`);

        await place.predict("prices", "new.csv", "out.csv");

        expect(place.notes.filter((note) => note.includes("must be a number"))).toHaveLength(20);
        expect(place.notes).toContain("30 more problems are in the output's prediction_error");
    });
});

describe("columns", () => {
    it.each([
        ["age,sound\n1,woof\n", 'new.csv has no column "weight", which the model needs; it has "age", "sound"'],
        [
            "Age,sounds,body weight\n1,woof,3\n",
            'new.csv has no column "weight", "sound" (it has "sounds"), "age" (it has "Age"), which the model needs',
        ],
        ["5,3.5,7\n1,2,3\n", "put a row with the columns' names first"],
        ["age,sound,weight,age\n1,woof,3,4\n", 'new.csv names column "age" twice, as number 1 and 4'],
    ])("of %j are refused before anything is written", async (text, message) => {
        place.write("new.csv", text);

        expect(await place.failure("pets", "new.csv", "out.csv")).toContain(message);
        expect(place.files()).toEqual(["new.csv", "pets", "prices"]);
    });

    it("that the model does not know may have no name, or one name twice", async () => {
        place.write("new.csv", ",x,size,x,\n0,1,5,2,3\n");

        expect((await place.predict("prices", "new.csv", "-f", "csv")).stdout).toBe(
            ",x,size,x,,predicted_target,prediction_error\n0,1,5,2,3,1234.5,\n",
        );
        expect(JSON.parse((await place.predict("prices", "new.csv", "-f", "jsonl")).stdout)).toEqual({
            ...{ column_1: "0", x: "1", size: 5, x_2: "2", column_5: "3" },
            predicted_target: 1234.5,
        });
    });

    it("of an earlier prediction are kept, and the new ones get a number", async () => {
        place.write("new.csv", "size\n5\n");
        await place.predict("prices", "new.csv", "once.csv");
        await place.predict("prices", "once.csv", "twice.csv");
        const { stdout } = await place.predict("prices", "twice.csv");

        expect(stdout).toBe(
            "size,predicted_target,prediction_error,predicted_target_2,prediction_error_2,predicted_target_3,prediction_error_3\n" +
                "5,1234.5,,1234.5,,1234.5,\n",
        );
        expect(place.notes).toContain(
            "twice.csv has predicted_target, prediction_error already: the new columns begin with predicted_target_3",
        );
    });
});

describe("the output", () => {
    beforeEach(() => place.write("new.csv", "size\n5\n"));

    it("replaces a file with --force only", async () => {
        place.write("out.csv", "mine");

        expect(await place.failure("prices", "new.csv", "out.csv")).toBe(
            "The output out.csv is there already: --force replaces it",
        );
        expect(place.read("out.csv")).toBe("mine");
        await place.predict("prices", "new.csv", "out.csv", "--force");
        expect(place.read("out.csv")).toContain("1234.5");
    });

    it.each(["new.csv", "./pets/../new.csv", "link.csv"])("never replaces the input: %s", async (output) => {
        symlinkSync(path.join(place.folder, "new.csv"), path.join(place.folder, "link.csv"));

        const said = await place.failure("prices", "new.csv", output, "--force");

        expect(said).toBe(`The output ${output} is the input: give another name`);
        expect(place.read("new.csv")).toBe("size\n5\n");
    });

    it("never replaces the model", async () => {
        const said = await place.failure("prices", "new.csv", "prices/model.json", "--force", "-f", "jsonl");

        expect(said).toContain("is the model");
    });

    it.each([
        ["pets", "-f", "csv", "The output pets is a folder"],
        ["none/out.csv", "-f", "csv", "The output none/out.csv has no folder: none is not there"],
    ])("is refused when it is %s", async (output, flag, format, message) => {
        expect(await place.failure("prices", "new.csv", output, flag, format)).toContain(message);
    });

    it("replaces the file behind a symbolic link, not the link", async () => {
        place.write("elsewhere.csv", "old");
        symlinkSync(path.join(place.folder, "elsewhere.csv"), path.join(place.folder, "out.csv"));

        await place.predict("prices", "new.csv", "out.csv", "--force");

        expect(place.read("elsewhere.csv")).toContain("1234.5");
    });

    it.each(["csv", "jsonl", "xlsx"])("leaves nothing when the input breaks off: %s", async (format) => {
        place.write("new.csv", Buffer.from(`size\n${"5\n".repeat(200_000)}\xff\n`, "latin1"));

        const said = await place.failure("prices", "new.csv", `out.${format}`);

        expect(said).toContain("new.csv is not UTF-8 text after byte ");
        expect(place.files()).toEqual(["new.csv", "pets", "prices"]);
    });

    it.each(["csv", "jsonl", "xlsx"])(
        "leaves nothing when it is stopped, and keeps what was there: %s",
        async (format) => {
            const output = `out.${format}`;
            place.write(output, "mine");
            // It goes on for ever: only the signal ends it.
            place.stdin = Readable.from(
                endless(() => place.files().some((name) => name.endsWith(".partial")), place.stop),
            );

            await expect(place.predict("prices", "-", output, "--force")).rejects.toThrow("abort");

            expect(place.read(output)).toBe("mine");
            expect(place.files()).toEqual(["new.csv", output, "pets", "prices"]);
        },
    );

    it("ends when nobody reads it any more", async () => {
        const stdout = new (await import("node:stream")).Writable({
            write: (_chunk, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
        });

        await expect(predict(["prices", "new.csv"], place.surroundings(stdout))).rejects.toThrow("EPIPE");
    });
});

/** Rows without end, which stop the work once it has begun to write. */
async function* endless(begun: () => boolean, stop: AbortController): AsyncGenerator<Buffer, void> {
    yield Buffer.from("size\n");
    for (;;) {
        yield Buffer.from("5\n".repeat(10_000));
        if (begun()) {
            stop.abort();
        }
    }
}

describe("the model", () => {
    beforeEach(() => place.write("new.csv", "size\n5\n"));

    it.each(["prices", "prices/model.json", "bucket"])("is found as %s", async (name) => {
        place.write("bucket/model/model.json", place.read("prices/model.json"));

        await expect(place.predict(name, "new.csv")).resolves.toMatchObject({ status: 0 });
    });

    it.each([
        ["nowhere", "The model nowhere is not there"],
        ["empty", "The folder empty has no model.json"],
        ["new.csv", "new.csv: The model is not JSON"],
        ["other.json", "other.json: The model's `format` must be"],
    ])("is refused when it is %s", async (name, message) => {
        mkdirSync(path.join(place.folder, "empty"));
        place.write("other.json", "{}");
        expect(await place.failure(name, "new.csv")).toContain(message);
    });

    it("in a bucket needs the emulator where it is expected", async () => {
        place.env = { GOOGLE_STORAGE_CUSTOM_ENDPOINT: "http://127.0.0.1:9/storage/v1/" };

        expect(await place.failure("gs://bucket/runs/r-1", "new.csv")).toContain(
            "Nothing answers at http://127.0.0.1:9: the emulator does not run",
        );
    });

    it("is there, but the input is not", async () => {
        expect(await place.failure("prices", "nowhere.csv")).toBe("The input nowhere.csv is not there");
        expect(await place.failure("prices", "pets")).toBe("The input pets is a folder; it must be a file");
    });

    describe("of a stack", () => {
        const RUNS = { "r-1": "2026-01-02T00:00:00Z", "r-2": "2026-01-03T00:00:00Z", "r-3": "2026-01-01T00:00:00Z" };

        beforeEach(() => {
            for (const [run, finishedAt] of Object.entries(RUNS)) {
                place.write(`models/dev/${run}/model.json`, place.read("prices/model.json"));
                place.write(`models/dev/${run}/status.json`, JSON.stringify({ finishedAt }));
            }
            mkdirSync(path.join(place.folder, "models/dev/r-failed"));
            mkdirSync(path.join(place.folder, "models/empty"));
        });

        it.each([
            [["-s", "dev"], "r-2"],
            [["--stack", "organization/gcp-trainer/dev"], "r-2"],
            [["-s", "dev", "--run", "r-3"], "r-3"],
        ])("with %j is that of %s", async (args, run) => {
            await place.predict(...args, "new.csv");

            expect(place.notes[0]).toContain(`Model models/dev/${run}/model.json: `);
        });

        it.each([
            [
                ["-s", "prod"],
                "models/prod has no run with a model; there are results of dev (npm run results -- -s prod)",
            ],
            [["-s", "dev", "--run", "r-9"], "models/dev has no run r-9 with a model; it has r-1, r-2, r-3"],
        ])("with %j is not there", async (args, message) => {
            expect(await place.failure(...args, "new.csv")).toContain(message);
        });
    });
});

test("a device takes the output as it comes", async () => {
    writeFileSync(path.join(place.folder, "new.csv"), "size\n5\n");

    await expect(place.predict("prices", "new.csv", "/dev/null", "-f", "csv")).resolves.toMatchObject({ status: 0 });
});
