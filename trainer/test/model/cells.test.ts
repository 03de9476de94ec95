import fc from "fast-check";
import {
    cellReader,
    type Feature,
    isMissingMarker,
    parseNumber,
    type Reading,
    usesDecimalComma,
} from "../../lib/model";
import { textFeature } from "./models";

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
    const READING: Reading = { missing: [], onBadCell: "stop" };
    const read = (feature: Feature, cell: string, delimiter = ",", reading = READING) => {
        const numbers: number[] = [];
        const remark = cellReader(feature, usesDecimalComma(delimiter), reading)(cell, numbers, 0);
        return { numbers, remark };
    };
    const number: Feature = { name: "a", kind: "number", missing: false };

    it.each([
        ["5,1", ";", [5.1], undefined],
        ["\u22125", ",", [-5], undefined],
        ["5,1", ",", [Number.NaN], { isError: true, text: 'must be a number; got "5,1"' }],
        ["", ",", [Number.NaN], { isError: false, text: "has no value, although every training row had one" }],
        ["?", ",", [Number.NaN], { isError: false, text: 'has no value ("?"), although every training row had one' }],
    ])("reads %j between %j as %j", (cell, delimiter, numbers, remark) => {
        expect(read(number, cell, delimiter)).toEqual({ numbers, remark });
    });

    it.each(["", "NA", "-"])("reads %j without a remark in a numeric column with missing values", (cell) => {
        expect(read({ ...number, missing: true }, cell)).toEqual({ numbers: [Number.NaN], remark: undefined });
    });

    it.each([
        ["$1,234.50", { group: ",", unit: "$" }, 1234.5],
        ["(1.234,5)", { decimal: ",", group: "." }, -1234.5],
        ["1.234", { decimal: ",", group: "." }, 1234],
        ["12.5%", { unit: "%" }, 12.5],
        ["TRUE", { boolean: true }, 1],
        ["7.25", { group: "," }, 7.25],
    ] as const)("reads %j as training did with the format %j", (cell, format, value) => {
        expect(read({ ...number, format }, cell)).toEqual({ numbers: [value], remark: undefined });
    });

    it.each([
        ["0.5", { unit: "%" }],
        ["$5", { unit: "€" }],
        ["1,23", { group: "," }],
        ["1", { boolean: true }],
    ] as const)("rejects %j in a column with the format %j", (cell, format) => {
        expect(read({ ...number, format }, cell).remark).toMatchObject({ isError: true });
    });

    it("treats missing-value markers and bad cells as the training settings require", () => {
        const reading: Reading = { missing: ["n/d", "-999"], onBadCell: "missing" };
        const missing: Feature = { ...number, missing: true };
        for (const cell of ["n/d", "-999", "-999.0"]) {
            expect(read(missing, cell, ",", reading)).toEqual({ numbers: [Number.NaN], remark: undefined });
        }
        const remark = { isError: false, text: 'has "Total": treated as missing' };
        expect(read(missing, "Total", ",", reading)).toEqual({ numbers: [Number.NaN], remark });
        expect(read(textFeature("a", ["", "x"]), "n/d", ",", reading)).toEqual({ numbers: [0], remark: undefined });
    });

    it("writes the codes of a category, and adds a note to those of any other string", () => {
        const feature: Feature = {
            name: "a",
            kind: "text",
            categories: ["NA", "x"],
            codes: [
                [5, 7],
                [9, 8],
            ],
            other: [1, 2],
        };
        expect(read(feature, "x")).toEqual({ numbers: [7, 8], remark: undefined });
        const note = 'has "X", which is new or rare: treated as other';
        expect(read(feature, "X")).toEqual({ numbers: [1, 2], remark: { isError: false, text: note } });
        expect(read(feature, "").remark?.text).toBe("has no value, which is new or rare: treated as other");
    });

    it("writes the parts of a date", () => {
        const feature: Feature = {
            name: "a",
            kind: "date",
            missing: true,
            order: "dmy",
            parts: ["time", "month", "hour"],
        };
        const time = Date.UTC(2024, 1, 29, 13, 5) / 1000;
        expect(read(feature, "29.02.2024 13:05").numbers).toEqual([time, 2, 13]);
        expect(read(feature, "").numbers).toEqual([Number.NaN, Number.NaN, Number.NaN]);
        expect(read(feature, "30.02.2024").remark).toEqual({ isError: true, text: 'must be a date; got "30.02.2024"' });
    });
});
