import fc from "fast-check";
import { readCsv } from "../../../cli/predict/csv-file";

/** A copy of a row, which stays valid after the reader has moved on to the next batch. */
interface Row {
    line: number;
    text: string;
    cells: string[];
    problem?: string | undefined;
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < bytes.length; at += size) {
        yield bytes.subarray(at, at + size);
    }
}

async function read(text: string | Uint8Array, size = 64): Promise<{ header: Row; rows: Row[]; dialect: object }> {
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    const { header, dialect, rows } = await readCsv(inChunks(bytes, size), "new.csv");
    let all: Row[] = [];
    for await (const some of rows) {
        all = all.concat(some.map(({ line, text, cells, problem }) => ({ line, text, cells, problem })));
    }
    return { header, dialect, rows: all };
}

const cellsOf = (rows: Row[]) => rows.map(({ cells }) => cells);

describe("readCsv", () => {
    it.each([
        ["a,b\n1,2\n3,4\n", ",", "\n"],
        ["a;b\r\n1;2\r\n3;4", ";", "\r\n"],
        ["a\tb\r1\t2\r3\t4\r", "\t", "\r"],
        ["\ufeffa|b\n1|2\n\n3|4\n\n", "|", "\n"],
        ["\n \na,b\n 1 ,\u00a02\n3,4\n", ",", "\n"],
        ['"a","b"\n"1", "2" \n3,4', ",", "\n"],
        ['a;"b,c,d,e"\n1;2\n3;4\n', ";", "\n"],
    ])("reads %j", async (text, delimiter, lineEnd) => {
        const { rows, dialect } = await read(text);

        expect(cellsOf(rows)).toEqual([
            ["1", "2"],
            ["3", "4"],
        ]);
        expect(dialect).toEqual({ delimiter, lineEnd, byteOrderMark: text.startsWith("\ufeff") });
    });

    it("counts lines as an editor does", async () => {
        const { header, rows } = await read('\na,b\r\n1,"x\r\ny\rz\n"\n\n\n2,3\r4,5\r\n6,7');

        expect([header, ...rows].map(({ line }) => line)).toEqual([2, 3, 9, 10, 11]);
        expect(cellsOf(rows)[0]).toEqual(["1", "x\r\ny\rz\n"]);
    });

    it("returns a row's text unchanged", async () => {
        const { rows } = await read('a,b\n 1 , "x ""y""" \r\n2,é\n');

        expect(rows.map(({ text }) => text)).toEqual([' 1 , "x ""y""" ', "2,é"]);
        expect(cellsOf(rows)).toEqual([
            ["1", 'x "y"'],
            ["2", "é"],
        ]);
    });

    it("reads a quoted empty cell as a row, and skips blank lines", async () => {
        const { rows } = await read('a\n""\n \n1\n');

        expect(cellsOf(rows)).toEqual([[""], ["1"]]);
    });

    it.each([
        ["text after a quoted cell", '"a"b,1', /^text follows the end of a quoted cell; .*: "a"b,1$/],
        ["a quote that is only closed in a later row", '"a,1\n"2,3', /^text follows the end of a quoted cell/],
    ])("continues after %s", async (_, wrong, problem) => {
        const { rows } = await read(`a,b\n0,0\n${wrong}\n4,5\n`);

        expect(rows.find(({ line }) => line === 3)).toMatchObject({
            cells: [],
            problem: expect.stringMatching(problem),
        });
        expect(rows.at(-1)).toMatchObject({ cells: ["4", "5"] });
    });

    it.each([
        ["at the end of the file", 10],
        ["after a million characters", 300_000],
    ])("gives up on an unclosed quote %s, and reads the next line", async (_, count) => {
        const { rows } = await read(`a,b\n1,"2\n${"3,4\n".repeat(count)}5,6`, 65_536);

        expect(rows[0]).toMatchObject({ line: 2, problem: 'a quoted cell is never closed: 1,"2' });
        expect(rows).toHaveLength(count + 2);
        expect(rows.at(-1)).toMatchObject({ line: count + 3, cells: ["5", "6"] });
    });

    it.each([
        ["nothing", "", "new.csv is empty; it must be a CSV file with a header row"],
        ["blank lines", "\n \r\n", "new.csv is empty"],
        [
            "another encoding",
            Buffer.from("a,b\nM\xfcnchen,2\n", "latin1"),
            'new.csv is not UTF-8 text after byte 5: save it as "CSV UTF-8"',
        ],
        ["an endless header", "a".repeat(1_100_000), "longer than 1000000 bytes"],
        ["a header with a misplaced quote", '"a"b,c\n1,2\n', "new.csv row 1, the header: text follows the end"],
        ["an endless row", `a,b\n${"1".repeat(1_100_000)}`, "row 2 is longer than 1000000 bytes"],
    ])("rejects %s", async (_, content, message) => {
        await expect(read(content, 262_144)).rejects.toThrow(message);
    });

    it("returns every row once, no matter where the file is split into chunks", async () => {
        const cell = fc.string({ unit: fc.constantFrom("a", "é", "🦄", " ", ",", '"', "\n", "\r") });
        await fc.assert(
            fc.asyncProperty(
                fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { maxLength: 8 }),
                fc.constantFrom("\n", "\r\n", "\r"),
                fc.integer({ min: 1, max: 20 }),
                async (table, lineEnd, size) => {
                    const quoted = table.map((row) => row.map((it) => `"${it.replaceAll('"', '""')}"`).join(","));

                    const { rows } = await read(["x,y", ...quoted, ""].join(lineEnd), size);

                    expect(cellsOf(rows)).toEqual(table);
                    expect(rows.map(({ text }) => text)).toEqual(quoted);
                },
            ),
        );
    });

    it("reads any text in the same way, whatever the chunk size", async () => {
        const text = fc.string({ unit: fc.constantFrom("a", " ", ",", '"', "\n", "\r"), maxLength: 60 });
        await fc.assert(
            fc.asyncProperty(text, fc.integer({ min: 1, max: 10 }), async (body, size) => {
                expect(await read(`x,y\n${body}`, size)).toEqual(await read(`x,y\n${body}`, 1000));
            }),
        );
    });
});
