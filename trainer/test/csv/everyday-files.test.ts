import { gzipSync } from "node:zlib";
import { count, repeat } from "../tables";
import { SOURCE } from "./files";
import { ROWS, read, readX, table } from "./read-table";

describe("numbers", () => {
    it.each([
        ["thousands separated by commas", ['"1,234"', "999", '"1,234,567.5"'], ",", [1234, 999, 1234567.5]],
        ["only thousands with commas", ['"7,440"', '"8,247"', '"1,389"'], ",", [7440, 8247, 1389]],
        ["thousands separated by dots", ["1.234", "999", "3,5"], ";", [1234, 999, 3.5]],
        ["dots that only thousands can have", ["1.234.567", "1.200", "900"], ";", [1234567, 1200, 900]],
        ["thousands separated by spaces", ["1 234", "12\u00a0345,5", "7"], ";", [1234, 12345.5, 7]],
        ["thousands separated by apostrophes", ["1'234.5", "7", "12’000"], ",", [1234.5, 7, 12000]],
        ["percent signs", ["12.5%", `7${" "}%`, "100%"], ",", [12.5, 7, 100]],
        ["a currency", ["$12.50", "$1", '"$1,200.00"'], ",", [12.5, 1, 1200]],
        ["a currency behind the number", ["12,50 €", "1 €", "1.200,00 €"], ";", [12.5, 1, 1200]],
        ["parentheses for negative numbers", ["(1.23)", "5", "7"], ",", [-1.23, 5, 7]],
        ["U+2212", ["\u22121.13", "1.29", "5"], ",", [-1.13, 1.29, 5]],
        ["decimal commas between tabs", ["0,5", "1,25", "3,5"], "\t", [0.5, 1.25, 3.5]],
        ["decimal commas in quotes", ['"0,5"', '"1,25"', '"3,5"'], ",", [0.5, 1.25, 3.5]],
        ["booleans", ["True", "FALSE", "true"], ",", [1, 0, 1]],
        ["three decimals", ["1.288", "0.078", "-1.128"], ";", [1.288, 0.078, -1.128]],
    ])("are recognised with %s", async (_, cells, delimiter, expected) => {
        expect((await readX(cells, delimiter)).values).toEqual(expected);
    });

    it("are reported if they are not plain, with the settings that change how they are read", async () => {
        expect((await readX(['"1,234"', "999"])).warnings).toEqual([
            'Column "x" is read as numbers with a comma as the thousands separator, such as "1,234" ' +
                '(--types={"x":"text"} changes it)',
        ]);
    });

    it.each([
        ["1.200", ";"],
        ["1,200", "\t"],
    ])("such as %s next to 900 are never guessed in a file separated by %j", async (cell, delimiter) => {
        await expect(readX([cell, "900"], delimiter)).rejects.toThrow(
            `row 2, column "x": "${cell}" can be read in two ways, because nothing else in the file shows whether its ` +
                'mark separates thousands or decimals; set `decimal` to "," or "."',
        );
        const grouping = cell.charAt(1) === "." ? "," : ".";
        expect((await readX([cell, "900"], delimiter, `--decimal=${grouping}`)).values).toEqual([1200, 900]);
        expect((await readX([cell, "900"], delimiter, `--decimal=${cell.charAt(1)}`)).values).toEqual([1.2, 900]);
    });

    it("such as 1.200 next to 900 are read as decimals in a comma-separated file, with a warning", async () => {
        const { values, warnings } = await readX(["1.200", "900"]);
        expect(values).toEqual([1.2, 900]);
        expect(warnings).toEqual([
            'Column "x" has "1.200", whose dot is taken for the decimal mark, not for a thousands separator (--decimal=, changes it)',
        ]);
    });

    it("are read like those in the file's other columns if they can be read in two ways", async () => {
        const rows = count(ROWS).map((row) => `${row % 2 ? "1.200" : "900"};${row},5;${row % 2 ? "a" : "b"}`);
        const { columns } = await read(`x;z;y\n${rows.join("\n")}\n`);
        expect(columns.x?.slice(0, 2)).toEqual([900, 1200]);
    });

    it("are rejected if the file's only dot is far down and can be read in two ways", async () => {
        const lines = (last: string) => `x;y\n${repeat(["900;a", "17;b"], 30_000).join("\n")}\n${last};a\n`;
        await expect(read(lines("1.200"))).rejects.toThrow('row 30002, column "x": "1.200" can be read in two ways');
        expect((await read(lines("1.25"))).columns.x?.at(-1)).toBe(1.25);
        expect((await read(lines("1.234.567"))).columns.x?.at(-1)).toBe(1234567);
        expect((await read(lines("1.200"), "--decimal=,")).columns.x?.at(-1)).toBe(1200);
    });

    it.each([
        ["two units", ["$5", "€5", "7"]],
        ["groups of other lengths", ['"1,23,4"', '"12,34,5"', '"1,2,3"']],
        ["words", ["5 cm", "6 cm", "7 cm"]],
        ["network addresses", ["10.0.0.1", "192.168.100.200", "127.0.0.1"]],
    ])("are not recognised in cells with %s", async (_, cells) => {
        const { values } = await readX(cells);
        expect(values?.every((value) => typeof value === "string")).toBe(true);
    });

    it("must have percent signs in all cells or in none", async () => {
        await expect(readX(["50%", "0.5", "7%"])).rejects.toThrow(
            'row 3, column "x": "0.5" is text in a column of numbers',
        );
    });

    it("are read as text if they are too long to remain distinct as doubles", async () => {
        const long = count(ROWS).map((row) => String(2n ** 60n + BigInt(row)));
        const { warnings, features } = await read(table(long));
        expect(features.map(({ name }) => name)).toEqual(["c"]);
        expect(warnings[0]).toBe(
            'Column "x" has whole numbers that are too long to be exact, so they are read as text (--types={"x":"number"} changes it)',
        );
    });
});

describe("a target", () => {
    it.each(["NA", "N/A", "null", "None", "?", "-", '""', "", "NaN", "#N/A"])(
        "is missing if its cell is %j",
        async (marker) => {
            const { y, dataset } = await read(table(["1", "2"], { y: ["no", "yes", marker] }));
            expect({ left: dataset.rowsWithoutTarget, classes: new Set(y) }).toEqual({
                left: ROWS / 3,
                classes: new Set(["no", "yes"]),
            });
        },
    );

    it("keeps every string if it is declared as text", async () => {
        const { y } = await read(table(["1", "2"], { y: ["no", "yes", "None"] }), '--types={"y":"text"}');
        expect(new Set(y)).toEqual(new Set(["no", "yes", "None"]));
    });

    it.each([
        [
            ["02100", "02101"],
            ["02100", "02101"],
        ],
        [
            ["10", "9", "2"],
            ["2", "9", "10"],
        ],
        [
            ["01", "1", "1.0", "001"],
            ["001", "01", "1", "1.0"],
        ],
        [
            ["1234567890123456781", "1234567890123456782"],
            ["1234567890123456781", "1234567890123456782"],
        ],
        [
            ["True", "False"],
            ["False", "True"],
        ],
    ])("keeps the spelling of its labels: %j", async (labels, classes) => {
        const { target, y } = await read(table(["1", "2.5", "3", "4", "7"], { y: labels }), "--task=classification");
        expect(target).toMatchObject({ classes });
        expect(y.slice(0, labels.length)).toEqual(labels);
    });

    it("is a number if it has thousands separators", async () => {
        const y = ['"1,234"', '"2,345"', "999", '"12,000"'];
        expect((await read(table(["1", "2.5"], { y }), "--task=regression")).y.slice(0, 4)).toEqual([
            1234, 2345, 999, 12000,
        ]);
    });

    it("is rejected if the squares of its numbers overflow", async () => {
        await expect(
            read(table(["1", "2.5"], { y: ["1.5e160", "2e160", "3.5e160"] }), "--task=regression"),
        ).rejects.toThrow('column "y" must have numbers below 1e+150; got 1.5e+160: use a larger unit');
    });
});

describe("row numbers", () => {
    const numbers = count(ROWS).map(String);

    it.each(["rownames", "Unnamed: 0", "", "X", "No", "nr", "#", "id_customer", "customer_id", "Id", "anything"])(
        "are not used as features if their column is named %j",
        async (header) => {
            const { features, dropped } = await read(table(numbers, { header }));
            expect(features.map(({ name }) => name)).toEqual(["c"]);
            expect(dropped).toHaveLength(1);
        },
    );

    it("may have gaps", async () => {
        const gaps = count(ROWS).map((row) => String(row + (row > 20 ? 1 : 0) + (row > 40 ? 1 : 0)));
        expect((await read(table(gaps, { header: "nr" }))).dropped).toHaveLength(1);
        expect((await read(table(gaps, { header: "case" }))).dropped).toHaveLength(1);
    });

    it.each([
        ["a year", "year", count(ROWS).map((row) => String(1900 + row))],
        ["a time", "time", numbers],
        ["ages", "age", repeat(["31", "40", "22"], ROWS)],
        ["measurements", "X", count(ROWS).map((row) => String(row * 1.5 + 0.1))],
        ["large numbers in ascending order", "size", count(ROWS).map((row) => String(row * 40))],
    ])("are not confused with %s", async (_, header, cells) => {
        expect((await read(table(cells, { header }))).dropped).toEqual([]);
    });

    it("are features if dropColumns or types says so, or if there are no other columns", async () => {
        expect((await read(table(numbers, { header: "Id" }), '--types={"Id":"number"}')).dropped).toEqual([]);
        expect((await read(table(numbers, { header: "nr" }), "--dropColumns=[]")).dropped).toEqual([]);
        const alone = numbers.map((cell, row) => `${cell},${row % 2 ? "a" : "b"}`).join("\n");
        expect((await read(`X,y\n${alone}\n`)).dropped).toEqual([]);
    });
});

describe("a file", () => {
    const PLAIN = table(["1.5", "2.5", "-1"]);
    const EXPECTED = [1.5, 2.5, -1];

    it.each([
        ["compressed with gzip", gzipSync(PLAIN), []],
        ["in UTF-16, little-endian", Buffer.from(`\ufeff${PLAIN}`, "utf16le"), []],
        ["in UTF-16, big-endian", Buffer.from(`\ufeff${PLAIN}`, "utf16le").swap16(), []],
        ["in UTF-16 without a mark", Buffer.from(PLAIN, "utf16le"), ["--encoding=utf-16le"]],
        ["with Excel's line about the delimiter", `sep=;\r\n${PLAIN.replaceAll(",", ";")}`, []],
        ["with a delimiter at the end of each line", PLAIN.replaceAll("\n", ",\n"), []],
        ["with a delimiter at the end of the header", PLAIN.replace("\n", ",\n"), []],
        ["with inch signs", PLAIN.replaceAll(",a,", ',5" pipe,'), []],
    ] as [string, string | Uint8Array, string[]][])("%s is read", async (_, content, argv) => {
        const { columns, features } = await read(content, ...argv);
        expect(columns.x?.slice(0, 3)).toEqual(EXPECTED);
        expect(features.map(({ name }) => name)).toEqual(["x", "c"]);
    });

    it("is read in Windows-1252 with the setting that the error names", async () => {
        const file = Buffer.from(table(["1", "2.5"], { y: ["f\xfcr", "no", "5 \x80"] }), "latin1");
        await expect(read(file)).rejects.toThrow(
            'is not UTF-8 text after byte 11: save it as "CSV UTF-8", or set `encoding` (--encoding=windows-1252)',
        );
        expect((await read(file, "--encoding=windows-1252")).y.slice(0, 3)).toEqual(["für", "no", "5 €"]);
    });

    it("can contain JSON Lines instead of CSV", async () => {
        const lines = count(ROWS).map((row) =>
            JSON.stringify({
                x: row % 2 ? 1.5 : null,
                "a,b": `say "${row % 3}"`,
                ...(row > 5 && { z: row % 2 === 0 }),
                y: row % 2,
            }),
        );
        const { columns, y } = await read(`${lines.join("\n")}\n\n`);
        expect(columns.x?.slice(0, 2)).toEqual([null, 1.5]);
        expect(columns["a,b"]?.slice(0, 2)).toEqual(['say "0"', 'say "1"']);
        expect(columns.z?.slice(5, 8)).toEqual([null, 1, 0]);
        expect(y.slice(0, 2)).toEqual(["0", "1"]);
    });

    it.each([
        ["a nested value", '{"x":1,"y":{"a":1}}', '"y" holds more than one value'],
        ["a broken line", '{"x":1,"y":2', "line 1 is not JSON"],
    ])("is rejected if it contains JSON Lines with %s", async (_, line, message) => {
        await expect(read(`${line}\n`)).rejects.toThrow(message);
    });

    it.each([
        ["an Excel workbook", `PK\x03\x04${"\0".repeat(26)}[Content_Types].xml`, "pandas.read_excel"],
        ["a ZIP archive", `PK\x03\x04${"\0".repeat(26)}data.csv`, "pandas.read_csv"],
        ["a Parquet file", "PAR1\x15\x04", "pandas.read_parquet"],
        ["JSON", '[{"x": 1}]', "pandas.read_json"],
    ])("is rejected if it is %s, and the error gives the command that converts it", async (kind, content, command) => {
        const failure = read(Buffer.from(content, "latin1"));
        await expect(failure).rejects.toThrow(`${SOURCE} must be CSV or JSON Lines; got ${kind} (python3 -c `);
        await expect(failure).rejects.toThrow(command);
    });

    it("is read even if its header has more commas than delimiters", async () => {
        const rows = repeat(["n0;0,5;0;v", "n1;1,5;1;u", "n2;2,5;2;v"], ROWS);
        const { columns } = await read(`Name (a, b, c, d);Price (x, y, z);Qty, pcs;y\n${rows.join("\n")}\n`);
        expect(columns["Price (x, y, z)"]?.slice(0, 2)).toEqual([0.5, 1.5]);
    });

    it("gives duplicate columns the names that pandas would give them", async () => {
        const { columns } = await read(PLAIN.replace("x,c", "x,x"));
        expect(Object.keys(columns)).toEqual(["x", "x.1"]);
    });

    it("has the kinds of columns that the user has set", async () => {
        const { columns, dropped } = await read(table(["007", "008"]), '--types={"x":"text","c":"drop"}');
        expect(columns).toEqual({ x: repeat(["007", "008"], ROWS) });
        expect(dropped).toEqual([{ name: "c", why: "types" }]);
        await expect(read(PLAIN, '--types={"z":"text"}')).rejects.toThrow(
            '`types` must name columns of gs://bucket/data.csv, which has "x", "c", "y"; got "z"',
        );
    });
});

describe("dates", () => {
    const seconds = (text: string) => Date.parse(text) / 1000;

    it.each([
        ["2024-01-31", "2024-01-31T00:00Z"],
        ["2024-01-31 13:05", "2024-01-31T13:05Z"],
        ["2024-01-31T13:05:30.5+02:00", "2024-01-31T11:05:30.5Z"],
        ["2024/1/31", "2024-01-31T00:00Z"],
        ["31.01.2024", "2024-01-31T00:00Z"],
        ["31/01/2024", "2024-01-31T00:00Z"],
        ["01/31/2024 1:05 PM", "2024-01-31T13:05Z"],
        ["31-01-24", "2024-01-31T00:00Z"],
        ["2024-01", "2024-01-01T00:00Z"],
        ["1969-12-31", "1969-12-31T00:00Z"],
    ])("such as %s become numbers", async (cell, expected) => {
        expect((await readX([cell, cell, "NA"])).values).toEqual([seconds(expected), seconds(expected), null]);
    });

    it("are split into the parts that vary", async () => {
        const days = count(ROWS).map((row) => new Date(Date.UTC(2024, 0, 1 + row)).toISOString().slice(0, 10));
        const { features } = await read(table(days));
        expect(features[0]).toEqual({
            ...{ name: "x", kind: "date", missing: false, order: "ymd" },
            parts: ["time", "month", "day", "weekday"],
        });
    });

    it("are reported if they can be read in two ways", async () => {
        const { values, warnings } = await readX(["01/02/2024", "03/04/2024"]);
        expect(values).toEqual([seconds("2024-01-02"), seconds("2024-03-04")]);
        expect(warnings[0]).toContain("the first number is taken for the month, not the day");
        expect((await readX(["01/02/2024", "13/04/2024"])).warnings).toEqual([]);
    });

    it("become seconds since midnight if they are only times", async () => {
        expect((await readX(["13:05", "00:00:30", "23:59"])).values).toEqual([47100, 30, 86340]);
    });

    it.each([["2023-02-29"], ["soon"]])("have missing values for cells such as %s, which are reported", async (bad) => {
        const cells = ["2024-02-29", "2023-01-01", "2024-01-05", "2024-01-06", "2024-01-07", "2024-01-08"];
        const { values, warnings } = await readX([...cells, bad]);
        expect(values?.at(-1)).toBeNull();
        expect(warnings[0]).toMatch(/^Column "x" has 8 cells that do not fit, taken for missing values: the first is/);
        await expect(readX([...cells, bad], ",", '--types={"x":"date"}')).rejects.toThrow(
            `row 8, column "x": "${bad}" is not a date in a column of dates`,
        );
    });

    it("are text if many cells are not dates", async () => {
        expect((await readX(["13:05", "14:10", "9.12"])).values).toEqual(["13:05", "14:10", "9.12"]);
    });
});
