import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { DataError } from "../../lib/errors";
import { sniffDelimiter } from "../../lib/model";
import { readCells, SOURCE } from "./files";

describe("readTable", () => {
    it.each([
        ["LF", "a,b\n1,x\n2,y\n"],
        ["no line break at the end", "a,b\n1,x\n2,y"],
        ["CRLF", "a,b\r\n1,x\r\n2,y\r\n"],
        ["CR", "a,b\r1,x\r2,y\r"],
        ["all of these", "a,b\r1,x\r\n\n2,y\n\r"],
        ["a byte order mark", "\ufeffa,b\n1,x\n2,y\n"],
        ["quotes", '"a","b"\n"1","x"\n"2","y"\n'],
        ["spaces around quotes", ' "a" ,"b" \n "1"\t, "x"\n"2","y"\u00a0\n'],
        ["semicolons", "a;b\n1;x\n2;y\n"],
        ["tabs", "a\tb\n1\tx\n2\ty\n"],
        ["bars", "a|b\n1|x\n2|y\n"],
        ["spaces around cells", "a , b\n 1,x \n2, y\n"],
        ["Unicode spaces", "a\u00a0,\u2003b\n\u30001,x\u2028\n\ufeff2,\u1680y\u205f\u202f\n"],
        ["blank lines", "\n\na,b\n\n1,x\n2,y\n\n\n"],
        ["lines of spaces", " \na,b\n  \n1,x\n\t\n2,y\n   "],
    ])("reads a file with %s", async (_, content) => {
        const table = await readCells(content);
        expect(table.columns).toEqual(["a", "b"]);
        expect(table.rows).toEqual([
            ["1", "x"],
            ["2", "y"],
        ]);
    });

    it("keeps delimiters, quotes and line breaks in quoted cells, and characters split between chunks", async () => {
        const table = await readCells('"näme;x",b\n"1,5 ""inch""\r\nwide",ü😀\n" "," ""x"" "\n', { chunkSize: 1 });
        expect(table.columns).toEqual(["näme;x", "b"]);
        expect(table.rows).toEqual([
            ['1,5 "inch"\r\nwide', "ü😀"],
            [" ", ' "x" '],
        ]);
    });

    it("numbers rows by their first lines, as a text editor counts them", async () => {
        const table = await readCells('\ufeffa,b\r\n1,x\r\n\r\n"two\r\nlines",y\r\n3,"a\n\nb"\r\n4,z\r\n');
        expect(table.rowNumbers).toEqual([2, 4, 6, 9]);
        expect((await readCells('\n"a\nb",c\r1,2\r\r3,4')).rowNumbers).toEqual([4, 6]);
    });

    it("reads a row that is much longer than its window", async () => {
        const long = "x".repeat(10_000);
        expect((await readCells(`a,b\n1,${long}\n2,"${long}"\n`)).rows).toEqual([
            ["1", long],
            ["2", long],
        ]);
    });

    it("skips a title above the header", async () => {
        for (const chunkSize of [1, 5, 100]) {
            const read = await readCells("Sales 2024,,\n\n,,\na,b,c\n1,2,3\n", { chunkSize });
            expect(read).toEqual({ columns: ["a", "b", "c"], rows: [["1", "2", "3"]], rowNumbers: [5] });
        }
    });

    it.each([
        ["an empty file", "", "is empty: a CSV file with a header row is needed"],
        ["only blank lines", "\n \r\n", "is empty: a CSV file with a header row is needed"],
        ["only a byte order mark", "\ufeff", "is empty: a CSV file with a header row is needed"],
        ["nothing but a title", "Sales 2024,,\n,,\n", "is empty: a CSV file with a header row is needed"],
        [
            "a short row",
            "a,b,c\n1,2,3\n4,5\n",
            'row 3 has 2 cells, but the header has 3: column "c" and those after it are missing',
        ],
        ["a row with one cell", "a,b\n1\n", 'row 2 has 1 cell, but the header has 2: column "b" and those after'],
        ["a long row", "a,b\n1,2\n\n3,4,5,6\n", 'row 4 has 4 cells, but the header has 2: the first extra cell is "5"'],
        ["an unclosed quote", 'a,b\n1,"2\n3,4\n', "after row 1: a quoted cell is never closed"],
        ["an unclosed quote in the header", 'a,"b\n1,2\n3,4\n', "after row 0: a quoted cell is never closed"],
        ["text after a closing quote", 'a,b\n1,"x"y\n', "row 2, column 2: text follows the end of a quoted cell"],
        [
            "text after a closing quote and a space",
            'a,b\n1,"x" y\n',
            "row 2, column 2: text follows the end of a quoted",
        ],
    ])("rejects %s", async (_, content, message) => {
        const failure = readCells(content);
        await expect(failure).rejects.toThrow(DataError);
        await expect(failure).rejects.toThrow(`${SOURCE} ${message}`);
    });

    it("rejects an endless header", async () => {
        const failure = readCells(`a,"${"b".repeat(1_100_000)}`, { chunkSize: 65_536, windowBytes: 65_536 });
        await expect(failure).rejects.toThrow(/has no header: its first line is longer than 1000000 bytes/);
    });

    it.each([
        ["Latin-1", Buffer.from("a,b\n1,\xe9\n", "latin1"), " after byte 6"],
        ["UTF-16", Buffer.from("\ufeffa,b\n1,2\n", "utf16le"), ""],
        ["a compressed file", Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), " after byte 1"],
        ["a truncated character", Buffer.from("a,b\n1,\u00e9", "utf8").subarray(0, -1), " after byte 6"],
        ["a later invalid byte", Buffer.from(`a\n${"\u20ac\n".repeat(99)}\xff`, "latin1"), " after byte 2"],
    ])("explains how to fix %s", async (_, bytes, place) => {
        const message = `${SOURCE} is not UTF-8 text${place}: save it as "CSV UTF-8"`;
        await expect(readCells(bytes)).rejects.toThrow(message);
        await expect(readCells(bytes, { chunkSize: 1, windowBytes: 4 })).rejects.toThrow(message);
    });

    it("propagates a failure of the source", async () => {
        async function* failing(): AsyncGenerator<Uint8Array> {
            yield Buffer.from("a,b\n1,2\n");
            throw new Error("connection lost");
        }
        await expect(readCells(failing())).rejects.toThrow("connection lost");
    });

    it("returns any correctly quoted text unchanged", async () => {
        const cell = fc.string({ unit: "grapheme" }).map((text) => `x${text}`);
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        await fc.assert(
            fc.asyncProperty(
                fc.array(fc.tuple(cell, cell), { minLength: 1 }),
                fc.integer({ min: 1, max: 20 }),
                fc.integer({ min: 4, max: 40 }),
                async (rows, chunkSize, windowBytes) => {
                    const lines = rows.map((row) => row.map(quote).join(","));
                    const table = await readCells(`a,b\r\n${lines.join("\r\n")}\r\n`, { chunkSize, windowBytes });
                    expect(table.rows).toEqual(rows);
                },
            ),
        );
    });

    describe("agrees with csv-parse", () => {
        const delimiter = fc.constantFrom(",", ";", "\t", "|");
        const piece = fc.constantFrom(
            "a",
            "b",
            "1.5",
            "-7",
            "é",
            "😀",
            " ",
            "\u00a0",
            "\u3000",
            ",",
            ";",
            "|",
            '"',
            "\t",
            "\n",
            "\r\n",
            "\r",
            "",
        );
        const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
        const lineBreak = fc.constantFrom("\n", "\r\n", "\r");
        const write = (cell: string, form: number, delimiter: string) =>
            form === 0 && !/["\r\n]/.test(cell) && !cell.includes(delimiter)
                ? cell
                : `${" ".repeat(form % 3)}"${cell.replaceAll('"', '""')}"${" ".repeat(form % 2)}`;
        const file = fc
            .tuple(
                delimiter,
                fc
                    .integer({ min: 1, max: 4 })
                    .chain((width) =>
                        fc.array(
                            fc.tuple(
                                fc.array(fc.tuple(text, fc.nat({ max: 3 })), { minLength: width, maxLength: width }),
                                lineBreak,
                            ),
                            { minLength: 1, maxLength: 8 },
                        ),
                    ),
                fc.boolean(),
            )
            .map(([delimiter, rows, ends]) => {
                const header = (rows[0]?.[0] ?? []).map((_, index) => `column${index}`).join(delimiter);
                const lines = rows.map(
                    ([cells, lineBreak]) =>
                        cells.map(([cell, form]) => write(cell, form, delimiter)).join(delimiter) + lineBreak,
                );
                const body = lines.join("");
                return { delimiter, content: `${header}\n${ends ? body : body.replace(/[\r\n]+$/, "")}` };
            });

        const readByReference = (content: string, delimiter: string) =>
            parse(content, {
                delimiter,
                record_delimiter: ["\r\n", "\n", "\r"],
                skip_empty_lines: true,
                trim: true,
            });

        it("on any file, with chunks and windows of any size", async () => {
            await fc.assert(
                fc.asyncProperty(
                    file,
                    fc.integer({ min: 1, max: 30 }),
                    fc.integer({ min: 4, max: 60 }),
                    async ({ delimiter, content }, chunkSize, windowBytes) => {
                        // A file with a single column does not have a delimiter, so the default comma can occur in a
                        // cell.
                        fc.pre(content.split("\n")[0]?.includes(delimiter) === true || delimiter === ",");
                        const [columns, ...rows] = readByReference(content, delimiter);
                        const table = await readCells(content, { chunkSize, windowBytes });
                        expect(table.columns).toEqual(columns);
                        expect(table.rows).toEqual(rows);
                    },
                ),
                { numRuns: 500 },
            );
        });

        it("wherever a chunk or window ends", async () => {
            const content = '\ufeffa;"b;""c";d\r\n1;" x ""y""\r\n";ü😀 \r\n\r\n 2;\u3000"";"\r"\r3;;\n4;"5" ;6';
            const [columns, ...rows] = readByReference(content.slice(1), ";");
            expect(rows).toHaveLength(4);
            for (let size = 1; size <= Buffer.byteLength(content); size++) {
                for (const windowBytes of [4, size + 3, 1000]) {
                    const table = await readCells(content, { chunkSize: size, windowBytes });
                    expect(table).toMatchObject({ columns, rows, rowNumbers: [2, 5, 7, 8] });
                }
            }
        });
    });
});

describe("sniffDelimiter", () => {
    it.each([
        ["a,b,c", ","],
        ["a;b;c", ";"],
        ["a", ","],
        ['"a;b;c",d', ","],
        ["a,b;c,d;e;f", ";"],
    ])("given %j, detects the delimiter %j", (header, delimiter) => {
        expect(sniffDelimiter(header)).toBe(delimiter);
    });
});
