import fc from "fast-check";
import { isMissingMarker, parseNumber } from "../../trainer/src/numbers";

describe("parseNumber", () => {
    it.each([
        ["5", 5],
        ["-5.25", -5.25],
        ["+.5", 0.5],
        ["5.", 5],
        ["1e3", 1000],
        ["1.5E-2", 0.015],
        ["007", 7],
    ])("reads %s", (cell, value) => {
        expect(parseNumber(cell, false)).toBe(value);
    });

    it.each(["", "abc", "10abc", "1,000", "1 000", "5 cm", "0x10", "Infinity", "NaN", "1e999", "--1", "1.2.3", "1,5"])(
        "takes %j for no number",
        (cell) => {
            expect(parseNumber(cell, false)).toBeUndefined();
        },
    );

    it.each([
        ["5,1", 5.1],
        ["-,5", -0.5],
        ["5.1", 5.1],
        ["1,5e2", 150],
        ["1.000,5", undefined],
        ["1,000,000", undefined],
    ])("reads %s as %p in a file with decimal commas", (cell, value) => {
        expect(parseNumber(cell, true)).toBe(value);
    });

    it("reads back what JavaScript writes", () => {
        fc.assert(
            fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
                expect(parseNumber(String(value), false)).toBe(value === 0 ? 0 : value);
            }),
        );
    });
});

describe("isMissingMarker", () => {
    it.each(["NA", "n/a", "NaN", "null", "None", "?", "-", "#N/A"])("knows %s", (cell) => {
        expect(isMissingMarker(cell)).toBe(true);
    });

    it.each(["Nato", "0", "unknown", ""])("leaves %j alone", (cell) => {
        expect(isMissingMarker(cell)).toBe(false);
    });
});
