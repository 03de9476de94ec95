import fc from "fast-check";
import { readNumber } from "../../lib/csv/number-bytes";
import { parseNumber } from "../../lib/model";

/** Reads a cell whose bytes are inside a larger buffer. */
function read(cell: string, decimalComma = false): number {
    const bytes = Buffer.from(`7${cell}7`);
    return readNumber(bytes, 1, bytes.length - 1, decimalComma);
}

/**
 * The expected value for a cell: the result of `Number`, but without the sign of zero, or NaN if the cell is not a
 * number.
 */
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
    ])("rejects %j", (cell) => {
        expect(read(cell)).toBeNaN();
    });

    it.each(["5,1", "-,5", "5.1", "1,5e2", "5,", "1.000,5", "1,000,000", ",", "1,2345678901234567890"])(
        "reads %s like the model format if decimal commas are used",
        (cell) => {
            expect(read(cell, true)).toBe(expected(cell, true));
        },
    );

    it("returns the same as Number for any number as written by JavaScript", () => {
        fc.assert(
            fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
                expect(read(String(value))).toBe(value + 0);
            }),
            { numRuns: 2000 },
        );
    });

    const digits = (maxLength: number) =>
        fc.array(fc.constantFrom(..."0123456789"), { maxLength }).map((list) => list.join(""));

    it("returns the same as Number for any digits, even close to a midpoint between doubles", () => {
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

    it("returns the same as Number for the midpoint between two doubles and its immediate neighbours", () => {
        const exact = new DataView(new ArrayBuffer(8));
        /** Converts to units of 2^-80, which is exact for doubles from 2^-20 to 2^20. */
        const toUnits = (value: number) => {
            exact.setFloat64(0, value);
            const bits = exact.getBigUint64(0);
            return ((bits & 0xfffffffffffffn) | 0x10000000000000n) << ((bits >> 52n) - 1075n + 80n);
        };
        const next = (value: number) => {
            exact.setFloat64(0, value);
            exact.setBigUint64(0, exact.getBigUint64(0) + 1n);
            return exact.getFloat64(0);
        };
        const double = fc.tuple(
            fc.double({ min: 0.5, max: 1, maxExcluded: true, noNaN: true }),
            fc.integer({ min: -18, max: 19 }),
        );
        fc.assert(
            fc.property(
                double,
                fc.integer({ min: 15, max: 21 }),
                fc.bigInt({ min: -2n, max: 2n }),
                ([part, exponent], length, step) => {
                    const value = part * 2 ** exponent;
                    const middle = (toUnits(value) + toUnits(next(value))) / 2n;
                    const decimals = 26;
                    const digits = ((middle * 10n ** BigInt(decimals)) >> 80n).toString();
                    const scale = decimals - (digits.length - length);
                    fc.pre(scale >= 0 && length < digits.length);
                    const cut = (BigInt(digits.slice(0, length)) + step).toString().padStart(scale + 1, "0");
                    const cell = `${cut.slice(0, cut.length - scale)}.${cut.slice(cut.length - scale)}`;
                    expect(read(cell)).toBe(Number(cell));
                },
            ),
            { numRuns: 5000 },
        );
    });

    it("accepts the same numbers as the model format", () => {
        const cell = fc.array(fc.constantFrom(..."0159.,+-eE x"), { maxLength: 8 }).map((list) => list.join(""));
        fc.assert(
            fc.property(cell, fc.boolean(), (text, decimalComma) => {
                expect(read(text, decimalComma)).toBe(expected(text, decimalComma));
            }),
            { numRuns: 5000 },
        );
    });
});
