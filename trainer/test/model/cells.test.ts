import fc from "fast-check";
import { cellReader, isMissingMarker, parseNumber, usesDecimalComma } from "../../lib/model";

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
        "does not accept %j as a number",
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

    it("reads all numbers as written by JavaScript", () => {
        fc.assert(
            fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
                expect(parseNumber(String(value), false)).toBe(value === 0 ? 0 : value);
            }),
        );
    });
});

describe("isMissingMarker", () => {
    it.each(["NA", "n/a", "NaN", "null", "None", "?", "-", "#N/A"])("recognises %s", (cell) => {
        expect(isMissingMarker(cell)).toBe(true);
    });

    it.each(["Nato", "0", "unknown", ""])("does not recognise %j", (cell) => {
        expect(isMissingMarker(cell)).toBe(false);
    });
});

describe("cellReader", () => {
    it.each([
        ["5,1", ";", 5.1],
        ["5,1", ",", 'must be a number; got "5,1"'],
        ["", ",", "has no value; the model needs one"],
        ["?", ",", 'has no value ("?"); the model needs one'],
    ])("reads %j between %j as %j", (cell, delimiter, value) => {
        const read = cellReader({ name: "a", kind: "number", missing: false }, usesDecimalComma(delimiter));

        expect(read(cell)).toBe(value);
    });

    it.each(["", "NA", "-"])("reads %j as NaN in a numeric column with missing values", (cell) => {
        expect(cellReader({ name: "a", kind: "number", missing: true }, false)(cell)).toBeNaN();
    });

    it("returns the index of a category, and lists the categories for an unknown text", () => {
        const categories = ["NA", ...Array.from({ length: 11 }, (_, place) => `c${String(place).padStart(2, "0")}`)];
        const read = cellReader({ name: "a", kind: "text", categories }, false);

        expect([read("NA"), read("c10")]).toEqual([0, 11]);
        expect(read("C10")).toMatch(/^must be one of "NA", "c00", .*"c08" and 2 more; got "C10"$/);
        expect(read("")).toBe("has no value; the model needs one");
    });
});
