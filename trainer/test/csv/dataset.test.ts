import fc from "fast-check";
import { type NumberList, rawOf, toDoubles } from "../../lib/columns/number-list";
import { allRows } from "../../lib/columns/shared-memory";
import type { Column } from "../../lib/csv/columns";
import { readDataset } from "../../lib/csv/dataset";
import { DataError } from "../../lib/errors";
import { learnColumns } from "../../lib/features/learn";
import { describeFinding } from "../../lib/findings";
import { parseArguments } from "../settings/parse-arguments";
import { count, repeat } from "../tables";
import { bytesOf, csvOf, SOURCE } from "./files";

const IRIS_LIKE = { Id: count(12), size: repeat([1.5, 2.5, 3.5], 12), color: repeat(["red", "blue"], 12) };
const KIND = repeat(["a", "b", "c"], 12);

type Columns = Record<string, readonly (string | number)[]>;

/** Reads a dataset and learns from all its rows. */
async function readText(content: string | Uint8Array, ...argv: string[]) {
    const hyperparameters = parseArguments(["--target=kind", ...argv]);
    const dataset = await readDataset(bytesOf(content, 1000), SOURCE, hyperparameters, { print: () => {} });
    const learned = learnColumns(dataset, allRows(dataset.rowCount));
    return {
        ...dataset,
        ...learned,
        read: dataset.columns,
        dropped: [...dataset.dropped, ...learned.dropped],
        warnings: [...dataset.findings, ...learned.findings]
            .filter(({ kind }) => kind !== "identifier")
            .map(describeFinding),
    };
}

function read(columns: Columns, ...argv: string[]) {
    return readText(csvOf(columns), ...argv);
}

/** Returns the values of the only feature: numbers or strings. */
async function readFeature(cells: readonly (string | number)[], name = "a"): Promise<unknown[]> {
    const { read: columns } = await read({ [name]: cells, kind: repeat(["x", "y"], cells.length) }, "--dropColumns=[]");
    const column = columns[0] as Column;
    return Array.from(toDoubles(column.values), (value) =>
        column.kind === "text" ? column.dictionary.text(value) : value,
    );
}

describe("readDataset", () => {
    it("converts a table to numbers", async () => {
        const dataset = await read({ ...IRIS_LIKE, kind: KIND }, '--dropColumns=["Id"]');
        expect(dataset).toMatchObject({ source: SOURCE, rowCount: 12, findings: [], rowsWithoutTarget: 0 });
        expect(dataset.target).toMatchObject({ task: "classification", name: "kind", classes: ["a", "b", "c"] });
        expect([...dataset.target.y]).toEqual(repeat([0, 1, 2], 12));
        expect(dataset.features).toEqual([
            { name: "size", kind: "number", missing: false },
            expect.objectContaining({ name: "color", kind: "text", categories: ["blue", "red"] }),
        ]);
        expect(toDoubles(dataset.columns[0] as NumberList)).toEqual(Float64Array.from(repeat([1.5, 2.5, 3.5], 12)));
        expect(dataset.dropped).toEqual([{ name: "Id", why: "dropColumns" }]);
    });

    it("puts all data for threads into shared memory", async () => {
        const classes = await read({ ...IRIS_LIKE, kind: KIND });
        const numbers = await read({ ...IRIS_LIKE, kind: count(12) });
        for (const { buffer } of [...classes.columns.map(rawOf), classes.target.y, numbers.target.y]) {
            expect(buffer).toBeInstanceOf(SharedArrayBuffer);
        }
    });

    it("sorts numeric classes as numbers", async () => {
        const { target } = await read({ size: count(15), kind: repeat([10, 9, 2], 15) });
        expect(target).toMatchObject({ task: "classification", classes: ["2", "9", "10"] });
        expect([...target.y]).toEqual(repeat([2, 1, 0], 15));
    });

    it("keeps a numeric target unchanged", async () => {
        const values = count(12).map((value) => value / 2);
        const { target } = await read({ size: count(12), kind: values });
        expect(target.task).toBe("regression");
        expect([...target.y]).toEqual(values);
    });

    it("warns about a text column whose values are mostly distinct", async () => {
        const name = count(12).map((value) => `n${value}`);
        const { warnings } = await read({ name, size: count(12), kind: KIND });
        expect(warnings).toEqual([
            expect.stringContaining('Column "name" is not used, because hardly any of its strings'),
        ]);
    });

    it("warns about a column without values", async () => {
        const { warnings } = await read({ name: repeat([""], 12), size: count(12), kind: KIND });
        expect(warnings).toEqual([expect.stringContaining('Column "name" has the same value in every row ("")')]);
    });

    it("reports what it read", async () => {
        const lines: string[] = [];
        const print = (line: string) => lines.push(line);
        const content = csvOf({ size: count(12), kind: KIND }, ";");
        await readDataset(bytesOf(content), SOURCE, parseArguments(["--target=kind"]), { print });
        expect(lines).toEqual([`Read ${SOURCE}: 12 rows, 2 columns, semicolon-separated`]);
    });

    describe("columns", () => {
        it("are numeric if most values are numbers", async () => {
            expect(await readFeature(repeat(["1", "2.5", "-3e1", "-0"], 12))).toEqual(repeat([1, 2.5, -30, 0], 12));
        });

        it("are text if at least half of the values are text", async () => {
            expect(await readFeature(repeat(["1", "2", "3a", "4b"], 12))).toEqual(repeat(["1", "2", "3a", "4b"], 12));
            expect(await readFeature(repeat(["red", "NA"], 12))).toEqual(repeat(["red", "NA"], 12));
        });

        it("can have decimal commas if semicolons separate cells", async () => {
            const { columns } = await readText(`size;kind\n${"5,1;a\n 4.9 ;b\n-,5;a\n".repeat(5)}`);
            expect([...toDoubles(columns[0] ?? new Float64Array())]).toEqual(repeat([5.1, 4.9, -0.5], 15));
        });

        it("assign numbers to strings in the order of their first occurrence", async () => {
            const { read: columns, features } = await read({
                color: repeat(["red", "Blue", "red", "green"], 12),
                kind: KIND,
            });
            expect(features).toMatchObject([{ name: "color", kind: "text", categories: ["Blue", "green", "red"] }]);
            expect([...toDoubles((columns[0] as Column).values)]).toEqual(repeat([0, 1, 0, 2], 12));
        });

        it("can be decoded if they contain text", async () => {
            const text = fc.string({ unit: "grapheme" }).map((text) => `w${text}w`);
            const texts = fc.array(text, { minLength: 10, maxLength: 200 });
            await fc.assert(
                fc.asyncProperty(texts, async (values) => {
                    expect(await readFeature(values)).toEqual(values);
                }),
            );
        });

        it("can be decoded if they contain numbers", async () => {
            const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());
            const numbers = fc.array(number, { minLength: 10, maxLength: 50 });
            await fc.assert(
                fc.asyncProperty(numbers, fc.constantFrom("\n", "\r\n", "\r"), async (values, lineBreak) => {
                    const lines = values.map((value, row) => `${row % 2},${value},${value}`);
                    const { columns } = await readText(`kind,a,b\n${lines.join(lineBreak)}`, "--task=classification");
                    const expected = values.map((value) => value + 0);
                    expect(columns.map((column) => [...toDoubles(column)])).toEqual([expected, expected]);
                }),
            );
        });

        it("get their type from the first 10,000 values that are not missing", async () => {
            const kind = repeat(["x", "y"], 30_000);
            const texts = [...repeat(["one", "2"], 10_000), ...count(20_000)];
            expect(
                (await read({ a: [...repeat([""], 9_000), ...texts.slice(0, 21_000)], kind })).features,
            ).toMatchObject([{ kind: "text" }]);
            const numbers = [...repeat(["one", 2, 3], 10_000), ...repeat(["four"], 20_000)];
            await expect(read({ a: numbers, kind })).rejects.toThrow('row 2, column "a": "one" is text in a column of');
        });
    });

    describe("missing values", () => {
        it.each(["", "NA", "NaN", "null", "?", "-", "#N/A"])(
            "are NaN in a numeric column when written as %j",
            async (marker) => {
                const { columns, features } = await read({ a: repeat([1, 2, marker], 12), kind: KIND });
                expect(features).toEqual([{ name: "a", kind: "number", missing: true }]);
                expect([...toDoubles(columns[0] ?? new Float64Array())]).toEqual(repeat([1, 2, Number.NaN], 12));
            },
        );

        it("can make up most of a numeric column", async () => {
            expect(await readFeature(repeat([7, "?", "", "NA"], 12))).toEqual(repeat([7, NaN, NaN, NaN], 12));
        });

        it("are a category of a text column if their cells are empty", async () => {
            const { features } = await read({ a: repeat(["x", "", "NA"], 12), kind: KIND });
            expect(features).toMatchObject([{ name: "a", kind: "text", categories: ["", "NA", "x"] }]);
        });

        it("exclude the row if they are in the target", async () => {
            const { rowCount, rowsWithoutTarget, target, columns, features } = await read({
                size: ["", ...count(19)],
                color: ["pink", ...repeat(["red", "blue"], 19)],
                kind: ["", ...repeat(["a", "b", "a", ""], 19)],
            });
            expect({ rowCount, rowsWithoutTarget }).toEqual({ rowCount: 15, rowsWithoutTarget: 5 });
            expect(target).toMatchObject({ classes: ["a", "b"] });
            expect([...target.y]).toEqual(repeat([0, 1, 0], 15));
            // Neither the categories nor the missing numbers of excluded rows affect the result.
            expect(features).toEqual([
                { name: "size", kind: "number", missing: false },
                expect.objectContaining({ name: "color", kind: "text", categories: ["blue", "red"] }),
            ]);
            const rows = count(19).filter((row) => row % 4 !== 3);
            expect([...toDoubles(columns[0] as NumberList)]).toEqual(rows);
        });

        it("can be marked in a numeric target", async () => {
            const { rowsWithoutTarget, target } = await read({
                size: count(24),
                kind: repeat([0.5, "NA", 1.5, 2], 24),
            });
            expect(rowsWithoutTarget).toBe(6);
            expect([...target.y]).toEqual(repeat([0.5, 1.5, 2], 18));
        });

        it("do not count towards the required number of rows if they are in the target", async () => {
            await expect(read({ size: count(12), kind: repeat(["a", "b", "a", ""], 12) })).rejects.toThrow(
                `${SOURCE} has 9 rows with a target (3 without one are left out): at least 10 are needed`,
            );
        });
    });

    describe("identifiers", () => {
        const drop = async (columns: Columns, ...argv: string[]) =>
            (await read({ size: repeat([1, 2], 12), ...columns, kind: KIND }, ...argv)).dropped;

        it.each(["Id", "ID", "id", "index", "user_id", "user-id", "PassengerId", "passengerID", "Row Number", "uuid"])(
            "have names such as %s, and are dropped with a message if they differ in every row",
            async (name) => {
                expect(await drop({ [name]: count(12) })).toEqual([
                    { name, why: expect.stringContaining("`types` overrides this") },
                ]);
            },
        );

        it.each(["humid", "paid", "Grid", "SepalLengthCm", "video"])(
            "do not include columns named %s",
            async (name) => {
                expect(await drop({ [name]: count(12) })).toEqual([]);
            },
        );

        it.each([
            ["numbers in any order", [5, 3, 4, 1, 2, 0, 9, 8, 7, 6, 11, 10]],
            ["texts", count(12).map((value) => `x${value}`)],
            ["numbers and strings", [1, 2, 3, 4, "5a", 6, 7, 8, 9, "10b", 11, 12]],
            ["numbers, one of them missing", [1, 2, 3, 4, "", 6, 7, 8, 9, 10, 11, 12]],
        ])("can be %s", async (_, id) => {
            expect(await drop({ id })).toHaveLength(1);
        });

        it.each([
            ["numbers", [5, 3, 4, 1, 2, 0, 9, 8, 7, 6, 11, 5]],
            ["texts", repeat(["a", "b", "c"], 12)],
            ["missing values", [1, 2, 3, 4, "", 6, 7, "", 9, 10, 11, 12]],
        ])("must not contain duplicate %s", async (_, id) => {
            expect(await drop({ id })).toEqual([]);
        });

        it("can consist of many distinct strings", async () => {
            const kind = repeat(KIND, 100_100);
            const user_id = count(100_100).map((row) => `u${row}`);
            const { dropped, rowCount } = await read({ size: kind.map((text) => `${text}${text}`), user_id, kind });
            expect({ dropped, rowCount }).toMatchObject({ dropped: [{ name: "user_id" }], rowCount: 100_100 });
        });

        it("must not contain text among numbers if values are repeated", async () => {
            const id = [1, 2, 3, 4, "5a", 6, 7, 8, 9, 2, 11, 12];
            await expect(drop({ id })).rejects.toThrow(
                'row 6, column "id": "5a" is text in a column of numbers (11 of 12); correct it',
            );
            await expect(drop({ id: [...id.slice(0, 9), "5a", 11, 12] })).rejects.toThrow('row 6, column "id": "5a"');
        });

        it("are kept if dropColumns is set", async () => {
            expect(await drop({ Id: count(12) }, "--dropColumns=[]")).toEqual([]);
        });
    });

    it("ignores problems in a dropped column", async () => {
        const notes = repeat(["", "NA", 3, "x"], 12);
        expect((await read({ ...IRIS_LIKE, notes, kind: KIND }, '--dropColumns=["notes"]')).rowCount).toBe(12);
    });

    it.each([
        [
            "a file without a header",
            { "5.1": count(12), "Iris-setosa": KIND },
            [],
            "has no header: its first row (5.1, Iris-",
        ],
        ["only the target", { kind: KIND }, [], "has no features left: only the target remains"],
        [
            "no columns left after dropping an identifier",
            { Id: count(12), kind: KIND },
            [],
            'has no features left after dropping "Id"',
        ],
        [
            "no columns left after dropColumns",
            { size: count(12), kind: KIND },
            ['--dropColumns=["size"]'],
            'has no features left after dropping "size"',
        ],
        ["only a header", { size: [], kind: [] }, [], "has a header (size, kind) but no rows"],
        ["too few rows", { size: count(9), kind: KIND.slice(0, 9) }, [], "has 9 rows: at least 10 are needed"],
        ["a single row", { size: [1], kind: ["a"] }, [], "has 1 row: at least 10 are needed"],
        ["one class", { size: count(12), kind: repeat(["a"], 12) }, [], 'column "kind" has only one class ("a")'],
        [
            "free text as the target",
            { size: count(12), kind: count(12).map((value) => `n${value}`) },
            [],
            'column "kind" has 12 different values in 12 rows: too many to be classes',
        ],
        [
            "numbers with too many values for classes",
            { size: count(3000), kind: count(3000) },
            ["--task=classification"],
            'column "kind" has 3,000 different values in 3,000 rows: too many to be classes',
        ],
        [
            "text as the target of a regression",
            { size: count(12), kind: KIND },
            ["--task=regression"],
            'column "kind" has text such as "a": a regression needs numbers',
        ],
        [
            "a regression on two values",
            { size: count(12), kind: repeat([1.5, 2.5], 12) },
            [],
            'column "kind" has fewer than 3 different values: a regression needs more (--task=classification for classes)',
        ],
        [
            "text in a numeric feature",
            { size: ["n/k", ...count(11)], kind: KIND },
            [],
            'row 2, column "size": "n/k" is text in a column of numbers (11 of 12); ' +
                "correct it, remove the row or the column, or set `missing`, `types` or `onBadCell`",
        ],
        [
            "the first of several strings among numbers",
            { size: [1, 2, "x", "", "y", ...count(7)], kind: KIND },
            [],
            'row 4, column "size": "x" is text in a column of numbers (9 of 12)',
        ],
        [
            "text far down among numbers",
            { size: [...count(40_000), "x\ny", ...count(9)], kind: repeat(KIND, 40_010) },
            [],
            'row 40002, column "size": "x\\ny" is text in a column of numbers (40009 of 40010)',
        ],
        ["a short row before text", { size: ["x", ...count(11)], kind: KIND }, [], 'row 2, column "size": "x"'],
        [
            "names as the target",
            { size: count(100_010), kind: count(100_010).map((row) => `n${row}`) },
            [],
            'row 100002, column "kind": there are more than 100000 different values: too many to be classes',
        ],
    ])("rejects %s", async (_, columns: Record<string, (string | number)[]>, argv: string[], message) => {
        const failure = read(columns, ...argv);
        await expect(failure).rejects.toThrow(DataError);
        await expect(failure).rejects.toThrow(`${SOURCE} ${message}`);
    });

    it("reports all problems together, and guesses which columns were meant", async () => {
        const rows = count(30).map((row) => `${row === 20 ? "wide" : row},${row === 25 ? "-x" : row},${row % 3}\n`);
        const failure = readText(
            `Size,height,Kind\n${rows.join("")}`,
            '--dropColumns=["Id"]',
            '--types={"heigth":"number"}',
        );
        const columns = `${SOURCE}, which has "Size", "height", "Kind"`;
        const advice = "correct it, remove the row or the column, or set `missing`, `types` or `onBadCell`";
        await expect(failure).rejects.toThrow(
            new DataError([
                { text: `\`target\` must be a column of ${columns}; got "kind"; did you mean "Kind"? (--target=Kind)` },
                { text: `\`dropColumns\` must name columns of ${columns}; got "Id"` },
                {
                    text: `\`types\` must name columns of ${columns}; got "heigth"; did you mean "height"? (--types={"height":"text"})`,
                },
                {
                    text: `${SOURCE} row 22, column "Size": "wide" is text in a column of numbers (29 of 30); ${advice}`,
                },
                {
                    text: `${SOURCE} row 27, column "height": "-x" is text in a column of numbers (29 of 30); ${advice}`,
                },
            ]),
        );
    });

    it("reports a short row", async () => {
        const rows = count(20_000).map((row) => `${row},${row % 3}\n`);
        await expect(readText(`size,kind\n${rows.join("")}x\n`)).rejects.toThrow(
            "row 20002 has 1 cell, but the header has 2",
        );
    });
});
