import fc from "fast-check";
import { readCsv, sniffDelimiter } from "../../trainer/src/csv";
import { DataError } from "../../trainer/src/errors";

const SOURCE = "gs://bucket/data.csv";

async function* bytesOf(content: string | Uint8Array, chunkSize = 7): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.from(content as string);
    for (let offset = 0; offset < bytes.length; offset += chunkSize) {
        yield bytes.subarray(offset, offset + chunkSize);
    }
}

function read(content: string | Uint8Array, chunkSize?: number) {
    return readCsv(bytesOf(content, chunkSize), SOURCE);
}

describe("readCsv", () => {
    it.each([
        ["LF", "a,b\n1,x\n2,y\n"],
        ["no line break at the end", "a,b\n1,x\n2,y"],
        ["CRLF", "a,b\r\n1,x\r\n2,y\r\n"],
        ["CR", "a,b\r1,x\r2,y\r"],
        ["a byte order mark", "\ufeffa,b\n1,x\n2,y\n"],
        ["quotes", '"a","b"\n"1","x"\n"2","y"\n'],
        ["semicolons", "a;b\n1;x\n2;y\n"],
        ["tabs", "a\tb\n1\tx\n2\ty\n"],
        ["bars", "a|b\n1|x\n2|y\n"],
        ["spaces around cells", "a , b\n 1,x \n2, y\n"],
        ["blank lines", "\n\na,b\n\n1,x\n2,y\n\n\n"],
    ])("reads a file with %s", async (_, content) => {
        const table = await read(content);
        expect(table.columns).toEqual(["a", "b"]);
        expect(table.rows).toEqual([
            ["1", "x"],
            ["2", "y"],
        ]);
    });

    it("keeps delimiters, quotes and line breaks of quoted cells, and characters cut by a chunk's end", async () => {
        const table = await read('"näme;x",b\n"1,5 ""inch""\r\nwide",ü😀\n', 1);
        expect(table.columns).toEqual(["näme;x", "b"]);
        expect(table.rows).toEqual([['1,5 "inch"\r\nwide', "ü😀"]]);
    });

    it("numbers rows as an editor does", async () => {
        const table = await read('\ufeffa,b\r\n1,x\r\n\r\n"two\r\nlines",y\r\n3,"a\n\nb"\r\n4,z\r\n');
        expect(table.rowNumbers).toEqual([2, 4, 6, 9]);
    });

    it.each([
        ["an empty file", "", "is empty: a CSV file with a header row is needed"],
        ["nothing but blank lines", "\n \r\n", "is empty: a CSV file with a header row is needed"],
        ["nothing but a byte order mark", "\ufeff", "is empty: a CSV file with a header row is needed"],
        ["a header alone", "a,b\n", "has a header (a, b) but no rows"],
        ["a nameless column", ",b\n1,2\n", "row 1: the header gives column 1 no name"],
        ["a name used twice", "a,b,a\n1,2,3\n", 'row 1: the header names column "a" twice, as number 1 and 3'],
        [
            "a short row",
            "a,b,c\n1,2,3\n4,5\n",
            'row 3 has 2 cells, the header has 3: column "c" and what follows is missing',
        ],
        ["a long row", "a,b\n1,2\n\n3,4,5\n", 'row 4 has 3 cells, the header has 2: the first too many is "5"'],
        ["an open quote", 'a,b\n1,"2\n3,4\n', "after row 1: a quoted cell begins and never ends"],
        ["an inner quote", 'a,b\n1,5" pipe\n', "row 2, column 2: a quote within a cell that is not quoted"],
        ["text after a quote", 'a,b\n1,"x"y\n', "row 2, column 2: text follows the end of a quoted cell"],
    ])("refuses %s", async (_, content, message) => {
        const failure = read(content);
        await expect(failure).rejects.toThrow(DataError);
        await expect(failure).rejects.toThrow(`${SOURCE} ${message}`);
    });

    it.each([
        ["Latin-1", Buffer.from("a,b\n1,\xe9\n", "latin1")],
        ["UTF-16", Buffer.from("\ufeffa,b\n1,2\n", "utf16le")],
        ["a compressed file", Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0])],
        ["a character that is cut off", Buffer.from("a,b\n1,\u00e9", "utf8").subarray(0, -1)],
    ])("says what to do about %s", async (_, bytes) => {
        await expect(read(bytes)).rejects.toThrow(/is not UTF-8 text.*: save it as "CSV UTF-8"/);
    });

    it("passes a failure of the source on", async () => {
        async function* failing(): AsyncGenerator<Uint8Array> {
            yield Buffer.from("a,b\n1,2\n");
            throw new Error("connection lost");
        }
        await expect(readCsv(failing(), SOURCE)).rejects.toThrow("connection lost");
    });

    it("reads back whatever is quoted by the rules", async () => {
        const cell = fc.string({ unit: "grapheme" }).map((text) => `x${text.replaceAll("\0", "")}`);
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        await fc.assert(
            fc.asyncProperty(
                fc.array(fc.tuple(cell, cell), { minLength: 1 }),
                fc.integer({ min: 1, max: 20 }),
                async (rows, size) => {
                    const lines = rows.map((row) => row.map(quote).join(","));
                    const table = await read(`a,b\r\n${lines.join("\r\n")}\r\n`, size);
                    expect(table.rows).toEqual(rows);
                },
            ),
        );
    });
});

describe("sniffDelimiter", () => {
    it.each([
        ["a,b,c", ","],
        ["a;b;c", ";"],
        ["a", ","],
        ['"a;b;c",d', ","],
        ["a,b;c,d;e;f", ";"],
    ])("of %j is %j", (header, delimiter) => {
        expect(sniffDelimiter(header)).toBe(delimiter);
    });
});
