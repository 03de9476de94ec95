import fc from "fast-check";
import { Dictionary } from "../../lib/csv/dictionary";

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
                expect(different.map((_, number) => dictionary.text(number))).toEqual(different);
                expect(different.map((text) => dictionary.find(text))).toEqual([...different.keys()]);
                expect(dictionary.find("absent")).toBe(-1);
                expect(numbers).toEqual(list.map((text) => different.indexOf(text)));
            }),
        );
    });
});
