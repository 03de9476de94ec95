import fc from "fast-check";
import { AWKWARD_TEXTS, expectNothingEvaluated, FUZZ } from "../../../tests/helpers/fuzz";
import { lengthOf } from "../../lib/columns/number-list";
import { allRows } from "../../lib/columns/shared-memory";
import { type Dataset, readDataset } from "../../lib/csv/dataset";
import { DataError, MemoryError } from "../../lib/errors";
import { learnColumns } from "../../lib/features/learn";
import { listParts } from "../../lib/model";
import { bytesOf, csvOf, SOURCE } from "./files";

const REQUEST = { target: "kind", dropColumns: undefined, task: undefined };

const anyBytes = fc.uint8Array({ maxLength: 300 });
/** Long text is cut off, because a file may contain hundreds of cells and arrive byte by byte. */
const anyCell = fc.oneof(
    fc.constantFrom(
        ...AWKWARD_TEXTS.map((text) => text.slice(0, 100)),
        "1",
        "2.5",
        "1,5",
        "1e308",
        "NA",
        "a",
        "b",
        '""',
        "2024-01-01",
        "\ufeff",
    ),
    fc.string({ unit: "binary", maxLength: 12 }),
);
/** Fragments of files that combine quotes, delimiters and line ends in every order. */
const pieces = fc
    .array(fc.oneof(fc.constantFrom('"', ",", ";", "\t", "|", "\n", "\r", "\r\n", "kind", "1", "a"), anyCell), {
        maxLength: 60,
    })
    .map((parts) => parts.join(""));
const table = fc
    .record({
        names: fc.uniqueArray(anyCell, { minLength: 1, maxLength: 4 }),
        cells: fc.array(anyCell, { minLength: 1, maxLength: 10 }),
        rows: fc.integer({ min: 1, max: 30 }),
        delimiter: fc.constantFrom(",", ";", "\t", "|"),
    })
    .map(({ names, cells, rows, delimiter }) => {
        const cell = (column: number, row: number) => cells[(row * 7 + column) % cells.length] ?? "";
        const columns = ["kind", ...names].map((name, column) => [
            name,
            Array.from({ length: rows }, (_, row) => cell(column, row)),
        ]);
        return csvOf(Object.fromEntries(columns), delimiter);
    });
/** A valid file in which some bytes may be replaced and the end may be cut off. */
const damaged = fc
    .tuple(table, fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 4 }), fc.nat(4000))
    .map(([text, changes, end]) => {
        const bytes = Buffer.from(text).subarray(0, end);
        for (const [index, value] of changes) {
            if (index < bytes.length) {
                bytes[index] = value;
            }
        }
        return bytes;
    });

/** Returns the dataset or the error that explains why it cannot be used. Any other error fails the test. */
async function readOrExplain(content: string | Uint8Array, chunkSize: number): Promise<Dataset | Error> {
    try {
        return await readDataset(bytesOf(content, chunkSize), SOURCE, REQUEST, { print: () => {} });
    } catch (error) {
        if (error instanceof DataError || error instanceof MemoryError) {
            return error;
        }
        throw error;
    }
}

async function check(content: string | Uint8Array, chunkSize: number): Promise<void> {
    const result = await readOrExplain(content, chunkSize);
    if (result instanceof Error) {
        expect(result.message).toContain(SOURCE);
        // The message is one sentence on one line, unless it quotes a cell that contains a line break.
        expect(result.message).not.toMatch(/^ {4}at |RangeError|TypeError/m);
        expect(result.message.length).toBeLessThan(100_000);
    } else {
        const { features, columns } = learnColumns(result, allRows(result.rowCount));
        expect(columns.length).toBe(listParts(features).length);
        expect(columns.length).toBeGreaterThan(0);
        expect(columns.map(lengthOf)).toEqual(columns.map(() => result.rowCount));
        expect(result.target.y.length).toBe(result.rowCount);
    }
}

describe("readDataset", () => {
    it.each([
        ["any bytes", anyBytes],
        ["any order of quotes, delimiters and line ends", pieces],
        ["a table of arbitrary strings", table],
        ["a damaged table", damaged],
    ] as [string, fc.Arbitrary<string | Uint8Array>][])(
        "reads %s, or explains in a DataError why it cannot",
        async (_what, content) => {
            await fc.assert(fc.asyncProperty(content, fc.constantFrom(1, 7, 1000), check), FUZZ);
            expectNothingEvaluated();
        },
    );

    it.each(AWKWARD_TEXTS.filter((text) => text.length > 100).map((text) => [text.slice(0, 5), text]))(
        "reads a long cell: %s...",
        async (_start, text) => {
            for (const chunkSize of [7, 1000]) {
                await check(
                    csvOf({ kind: ["a", "b", "a"], [text]: ["1", "2", "3"], long: [text, "x", text] }, ","),
                    chunkSize,
                );
            }
        },
    );

    it("returns the same result for chunks of any size", async () => {
        const summary = (result: Dataset | Error) =>
            result instanceof Error
                ? result.message
                : JSON.stringify(learnColumns(result, allRows(result.rowCount)).features);
        await fc.assert(
            fc.asyncProperty(fc.oneof(damaged, table), async (content) => {
                expect(summary(await readOrExplain(content, 1))).toBe(summary(await readOrExplain(content, 1000)));
            }),
            FUZZ,
        );
    });
});
