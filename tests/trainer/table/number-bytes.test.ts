import fc from "fast-check";
import { parseNumber } from "../../../trainer/src/model-format";
import { readNumber } from "../../../trainer/src/table/number-bytes";

/** As bytes somewhere within others. */
function read(cell: string, decimalComma = false): number {
    const bytes = Buffer.from(`7${cell}7`);
    return readNumber(bytes, 1, bytes.length - 1, decimalComma);
}

/** What the cell must be: `Number`'s value without the sign of zero, NaN for what is no number. */
function expected(cell: string, decimalComma = false): number {
    return (parseNumber(cell, decimalComma) ?? Number.NaN) + 0;
}

describe("readNumber", () => {
    it.each([
        "5",
        "-5.25",
        "+.5",
        "5.",
        "1e3",
        "1.5E-2",
        "007",
        "0.1",
        "-0",
        "1e23",
        "123456789012345678",
        "9007199254740993",
    ])("reads %s", (cell) => {
        expect(read(cell)).toBe(Number(cell) + 0);
    });

    it.each([
        ...[
            "",
            " ",
            "abc",
            "10abc",
            "1,000",
            "1 000",
            "5 cm",
            "0x10",
            "Infinity",
            "NaN",
            "1e999",
            "--1",
            "1.2.3",
            "1,5",
        ],
        ...[".", "-", "+", "e5", ".e5", "1e", "1e+", "1e5.", "-.e1", "٣", "1_000", "1e1e1"],
    ])("takes %j for no number", (cell) => {
        expect(read(cell)).toBeNaN();
    });

    it.each(["5,1", "-,5", "5.1", "1,5e2", "5,", "1.000,5", "1,000,000", ",", "1,2345678901234567890"])(
        "reads %s as the model format does where commas are decimal",
        (cell) => {
            expect(read(cell, true)).toBe(expected(cell, true));
        },
    );

    it("is Number for whatever JavaScript writes", () => {
        fc.assert(
            fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
                expect(read(String(value))).toBe(value + 0);
            }),
            { numRuns: 2000 },
        );
    });

    const digits = (maxLength: number) =>
        fc.array(fc.constantFrom(..."0123456789"), { maxLength }).map((list) => list.join(""));

    it("is Number for any digits, also where rounding is close", () => {
        const number = fc
            .tuple(
                fc.constantFrom("", "-", "+"),
                fc.oneof(digits(22), fc.bigInt({ min: 2n ** 52n, max: 2n ** 54n }).map(String)),
                fc.option(digits(25), { nil: undefined }),
                fc.option(fc.integer({ min: -330, max: 310 }), { nil: undefined }),
            )
            .map(([sign, whole, fraction, exponent]) => {
                return `${sign}${whole}${fraction === undefined ? "" : `.${fraction}`}${exponent === undefined ? "" : `e${exponent}`}`;
            });
        fc.assert(
            fc.property(number, (cell) => {
                expect(read(cell)).toBe(expected(cell));
            }),
            { numRuns: 5000 },
        );
    });

    it("takes for a number what the model format takes for one", () => {
        const cell = fc.array(fc.constantFrom(..."0159.,+-eE x"), { maxLength: 8 }).map((list) => list.join(""));
        fc.assert(
            fc.property(cell, fc.boolean(), (text, decimalComma) => {
                expect(read(text, decimalComma)).toBe(expected(text, decimalComma));
            }),
            { numRuns: 5000 },
        );
    });
});
