import fc from "fast-check";
import { describeFeature, encodeFeature, isIdentifier, readColumn } from "../../trainer/src/columns";
import { DataError } from "../../trainer/src/errors";
import { count, repeat, tableOf } from "./tables";

describe("readColumn", () => {
    it("takes a column of numbers for numbers", () => {
        expect(readColumn(tableOf({ a: ["1", "2.5", "-3e1"] }), 0)).toEqual({
            kind: "number",
            name: "a",
            values: [1, 2.5, -30],
        });
    });

    it("takes a column of words for text", () => {
        expect(readColumn(tableOf({ a: ["red", "blue", "NA"] }), 0)).toEqual({
            kind: "text",
            name: "a",
            values: ["red", "blue", "NA"],
        });
    });

    it("takes a column that is half numbers for text", () => {
        expect(readColumn(tableOf({ a: ["1", "2", "3a", "4b"] }), 0).kind).toBe("text");
    });

    it("reads decimal commas where semicolons separate cells", () => {
        expect(readColumn(tableOf({ a: ["5,1", "4.9"] }, ";"), 0)).toEqual({
            kind: "number",
            name: "a",
            values: [5.1, 4.9],
        });
        expect(readColumn(tableOf({ a: ["5,1", "4,9"] }), 0).kind).toBe("text");
    });

    it.each([
        [
            "text among numbers",
            ["1", "2", "three", "4"],
            'row 4, column "a": "three" is text in a column of numbers (3 of 4); correct it, or remove the row or the column',
        ],
        ["an empty cell", ["1", "", "3"], 'row 3, column "a": the value is missing; fill it in'],
        ["an empty cell among words", ["x", "y", ""], 'row 4, column "a": the value is missing; fill it in'],
        ["a marker among numbers", ["1", "2", "NA"], 'row 4, column "a": the value is missing ("NA"); fill it in'],
        ["numbers that are mostly missing", ["1", "?", "?"], 'row 3, column "a": the value is missing ("?")'],
        ["the first of several", ["1", "2", "x", "y", "5"], 'row 4, column "a": "x" is text'],
    ])("refuses %s", (_, values, message) => {
        expect(() => readColumn(tableOf({ a: values }), 0)).toThrow(DataError);
        expect(() => readColumn(tableOf({ a: values }), 0)).toThrow(`gs://bucket/data.csv ${message}`);
    });
});

describe("encodeFeature", () => {
    it("gives text its place in the sorted list of categories", () => {
        const column = readColumn(tableOf({ color: ["red", "Blue", "red", "green"] }), 0);
        expect(describeFeature(column)).toEqual({ name: "color", kind: "text", categories: ["Blue", "green", "red"] });
        expect(encodeFeature(column)).toEqual([2, 0, 2, 1]);
    });

    it("can be turned back into the text", () => {
        const words = fc.array(
            fc.string({ minLength: 1 }).map((text) => `w${text}`),
            { minLength: 1 },
        );
        fc.assert(
            fc.property(words, (values) => {
                const column = readColumn(tableOf({ a: values }), 0);
                const feature = describeFeature(column);
                const categories = feature.kind === "text" ? feature.categories : [];
                expect(encodeFeature(column).map((place) => categories[place])).toEqual(values);
            }),
        );
    });
});

describe("isIdentifier", () => {
    it.each(["Id", "ID", "id", "index", "user_id", "user-id", "PassengerId", "passengerID", "Row Number", "uuid"])(
        "knows a column named %s that differs in every row",
        (name) => {
            expect(isIdentifier(tableOf({ [name]: count(9) }), 0)).toBe(true);
        },
    );

    it.each(["humid", "paid", "Grid", "SepalLengthCm", "video"])("leaves %s alone", (name) => {
        expect(isIdentifier(tableOf({ [name]: count(9) }), 0)).toBe(false);
    });

    it("leaves a column alone that has a value twice", () => {
        expect(isIdentifier(tableOf({ store_id: repeat([1, 2, 3], 9) }), 0)).toBe(false);
    });
});
