import fc from "fast-check";
import { Dictionary, TextHashes } from "../../lib/csv/dictionary";

/** Many short strings, some of which repeat. */
const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\0", "\u{1f600}"), maxLength: 4 }), {
    maxLength: 100,
});

/** Calls `visit` with the bytes of each text inside a larger buffer. */
function forEachBytes(list: readonly string[], visit: (bytes: Uint8Array, start: number, end: number) => void): void {
    for (const text of list) {
        const bytes = Buffer.from(`x${text}y`);
        visit(bytes, 1, bytes.length - 1);
    }
}

describe("Dictionary", () => {
    it("numbers distinct strings in order of first appearance, and returns them", () => {
        fc.assert(
            fc.property(texts, (list) => {
                const dictionary = new Dictionary();
                const numbers: number[] = [];
                forEachBytes(list, (...bytes) => numbers.push(dictionary.add(...bytes)));
                const different = [...new Set(list)];
                expect(dictionary.texts()).toEqual(different);
                expect(numbers).toEqual(list.map((text) => different.indexOf(text)));
            }),
        );
    });
});

describe("TextHashes", () => {
    it("distinguishes new strings from those seen before", () => {
        fc.assert(
            fc.property(texts, (list) => {
                const hashes = new TextHashes();
                const answers: boolean[] = [];
                forEachBytes(list, (...bytes) => answers.push(hashes.add(...bytes)));
                expect(answers).toEqual(list.map((text, at) => list.indexOf(text) === at));
                expect(hashes.size).toBe(new Set(list).size);
            }),
        );
    });

    it.each([
        ["numbers", (row: number) => `${row}`],
        ["names", (row: number) => `user-${row.toString(16).padStart(8, "0")}`],
        ["zeros", (row: number) => "\0".repeat(row % 30) + row],
    ])("does not confuse any two of 100,000 %s", (_, nameOf) => {
        const hashes = new TextHashes();
        const names = Array.from({ length: 100_000 }, (_, row) => nameOf(row));
        forEachBytes(names, (...bytes) => hashes.add(...bytes));
        expect(hashes.size).toBe(100_000);
    });
});
