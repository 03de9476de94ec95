import fc from "fast-check";
import { PredictFolder } from "./support";

let folder: PredictFolder;
beforeEach(() => {
    folder = new PredictFolder();
});
afterEach(() => folder.remove());

describe("CSV", () => {
    it.each([
        [
            "tabs",
            "size\tname\n5\tx\n",
            "size\tname\tpredicted_target\tprediction_error\tprediction_note\n5\tx\t1234.5\t\t\n",
        ],
        [
            "semicolons",
            "size;name\n5;x\n",
            "size;name;predicted_target;prediction_error;prediction_note\n5;x;1234.5;;\n",
        ],
        [
            "decimal commas",
            "size;name\n5,5;1,5\n",
            "size;name;predicted_target;prediction_error;prediction_note\n5,5;1,5;1234,5;;\n",
        ],
        [
            "CRLF",
            "size,name\r\n5,x\r\n",
            "size,name,predicted_target,prediction_error,prediction_note\r\n5,x,1234.5,,\r\n",
        ],
        [
            "a byte order mark",
            "\ufeffsize\n5\n",
            "\ufeffsize,predicted_target,prediction_error,prediction_note\n5,1234.5,,\n",
        ],
        [
            "unchanged cells",
            'size, "a,b"\n 5 ,007\n5.0,"=1+1"\n5e0," x\n"\n5,2026-01-02',
            'size, "a,b",predicted_target,prediction_error,prediction_note\n' +
                ' 5 ,007,1234.5,,\n5.0,"=1+1",1234.5,,\n5e0," x\n",1234.5,,\n5,2026-01-02,1234.5,,\n',
        ],
    ])("is written in the input's dialect: %s", async (_, input, output) => {
        folder.write("new.csv", input);

        await folder.predict("prices", "new.csv", "out.csv");

        expect(folder.read("out.csv")).toBe(output);
    });

    it("quotes added names and values where necessary", async () => {
        const model = folder
            .read("pets/model.json")
            .replaceAll('"dog"', '"dog, \\"big\\""')
            .replace('"target":"target"', '"target":"a,b"');
        folder.write("pets/model.json", model);
        folder.write("new.csv", "age,sound,weight\n1,woof,5\n");

        await folder.predict("pets", "new.csv", "out.csv");

        expect(folder.read("out.csv")).toBe(
            'age,sound,weight,"predicted_a,b",probability_cat,"probability_dog, ""big""",prediction_error,prediction_note\n' +
                '1,woof,5,"dog, ""big""",0,1,,\n',
        );
    });

    it("keeps every input cell byte for byte, quoted or not, with columns in any order", async () => {
        const cell = fc.string({
            unit: fc.constantFrom("a", "é", "0", "=", " ", ",", ";", '"', "\n", "'"),
            maxLength: 6,
        });
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const plain = fc.constantFrom("a", " b ", "007", "=1+1", "", "2026-01-02", "1e3", "-");
        const raw = fc.oneof(plain, cell.map(quote));
        await fc.assert(
            fc.asyncProperty(
                fc.array(fc.tuple(raw, raw, fc.constantFrom("5", "5.0", '"100"', "x", "")), { maxLength: 20 }),
                fc.nat(2),
                async (table, at) => {
                    const lineOf = ([first, second, size]: readonly string[]) => {
                        const cells = [first, second];
                        cells.splice(at, 0, size);
                        return cells.join(",");
                    };
                    const lines = [lineOf(["p", "q", "size"]), ...table.map(lineOf)];
                    folder.write("new.csv", `${lines.join("\n")}\n`);

                    await folder.predict("prices", "new.csv", "out.csv", "--force");

                    let rest = folder.read("out.csv");
                    for (const line of lines) {
                        expect(rest.startsWith(`${line},`)).toBe(true);
                        rest = rest.slice(line.length).replace(/^,[^\n]*\n/, "");
                    }
                    expect(rest).toBe("");
                },
            ),
            { numRuns: 50 },
        );
    });
});

describe("JSON Lines", () => {
    it("contains numbers for numeric features and strings for all others", async () => {
        folder.write("new.csv", 'id,weight,sound,age\n007,5.50,woof,"3"\n12,NA,meow,1e1\n13,,"",\n14,1,moo,old\n');

        await folder.predict("pets", "new.csv", "out.jsonl");

        const shares = { probability_cat: 0.75, probability_dog: 0.25 };
        const lines = folder.read("out.jsonl").split("\n");
        expect(lines.pop()).toBe("");
        expect(lines.map((line) => JSON.parse(line))).toEqual([
            {
                ...{ id: "007", weight: 5.5, sound: "woof", age: 3 },
                ...{ predicted_target: "dog", probability_cat: 0, probability_dog: 1 },
            },
            { id: "12", weight: null, sound: "meow", age: 10, predicted_target: "cat", ...shares },
            {
                ...{ id: "13", weight: null, sound: "", age: null, predicted_target: "cat", ...shares },
                prediction_note: 'column "age" has no value, although every training row had one',
            },
            {
                ...{ id: "14", weight: 1, sound: "moo", age: "old", predicted_target: null },
                ...{ probability_cat: null, probability_dog: null },
                prediction_error: 'column "age" must be a number; got "old"',
                prediction_note: 'column "sound" has "moo", which is new or rare: treated as other',
            },
        ]);
    });

    it("keeps the column order, and any text in names and values", async () => {
        folder.write("new.csv", `2,"a ""b""",size,1\n"x\ny","""z""\t",5,é\n`);

        const { stdout } = await folder.predict("prices", "new.csv", "-f", "jsonl");

        expect(stdout).toBe('{"2":"x\\ny","a \\"b\\"":"\\"z\\"\\t","size":5,"1":"é","predicted_target":1234.5}\n');
    });
});
