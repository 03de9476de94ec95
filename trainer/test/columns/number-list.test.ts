import fc from "fast-check";
import { GrowingNumbers } from "../../lib/columns/growing-numbers";
import {
    countMissing,
    lengthOf,
    MISSING_INT,
    type NumberList,
    rawOf,
    toDoubles,
    valueAt,
} from "../../lib/columns/number-list";
import { count } from "../tables";

function grow(values: readonly number[], capacity = values.length): NumberList {
    const numbers = new GrowingNumbers();
    numbers.reserve(capacity);
    for (const [row, value] of values.entries()) {
        numbers.set(row, value);
    }
    return numbers.firstRows(values.length);
}

function valuesOf(list: NumberList): number[] {
    return count(lengthOf(list)).map((row) => valueAt(list, row));
}

/** Returns the scale for integers, or undefined for doubles. */
function scaleOf(list: NumberList): number | undefined {
    return ArrayBuffer.isView(list) ? undefined : list.scale;
}

const NAN = Number.NaN;
const short = fc
    .tuple(fc.integer({ min: -999_999_999, max: 999_999_999 }), fc.integer({ min: 0, max: 12 }))
    .map(([int, decimals]) => Number(`${int}e-${decimals}`) + 0);
const any = fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0);
const missing = fc.constant(NAN);

describe("a number list", () => {
    it.each<[string, number[], number | undefined]>([
        ["whole numbers", [1, -2, 300], 1],
        ["decimals", [1.25, -0.5, 3], 100],
        ["a growing number of decimals", [1, 1.5, NAN, 1.25, 1.125], 1000],
        ["only missing numbers", [NAN, NAN], 1],
        ["a missing number before all others", [NAN, 0.1], 10],
        ["the largest whole numbers", [2 ** 31 - 2, -(2 ** 31 - 2), NAN], 1],
        ["very small numbers", [1e-22, 7e-22, 0], 1e22],
        ["numbers around a million that need nine digits", [1234567.89, 0.01], 100],
        ["a number that would represent a missing one", [2 ** 31 - 1], undefined],
        ["a number that is too large", [1, 2, 2 ** 31, NAN], undefined],
        ["a number below all whole numbers", [1, 2, -(2 ** 31)], undefined],
        ["seventeen digits", [1, 0.1 + 0.2, NAN], undefined],
        ["too many decimals for the large numbers", [1_000_000_000, NAN, 0.25, 1], undefined],
        ["a number that is too small", [1e-23], undefined],
        ["extremes", [0, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, NAN], undefined],
    ])("stores %s", (_, values, scale) => {
        const list = grow(values);
        expect(valuesOf(list)).toEqual(values);
        expect(scaleOf(list)).toBe(scale);
        expect(countMissing(list)).toBe(values.filter(Number.isNaN).length);
        expect([...toDoubles(list)]).toEqual(values);
        expect(rawOf(list).buffer).toBeInstanceOf(SharedArrayBuffer);
    });

    it("stores every number exactly", () => {
        const mostlyShort = fc.oneof({ weight: 30, arbitrary: short }, { weight: 1, arbitrary: any }, missing);
        fc.assert(
            fc.property(
                fc.oneof(fc.array(mostlyShort), fc.array(fc.oneof(short, missing)), fc.array(any)),
                fc.nat(9),
                (values, room) => {
                    expect(valuesOf(grow(values, values.length + room))).toEqual(values);
                },
            ),
            { numRuns: 2000 },
        );
    });

    it("stores short decimals as integers that convert to the same doubles that Number returns", () => {
        const decimals = fc.integer({ min: 0, max: 22 });
        const column = decimals.chain((most) =>
            fc.array(fc.tuple(fc.integer({ min: -(2 ** 31) + 2, max: 2 ** 31 - 2 }), fc.constant(most))),
        );
        fc.assert(
            fc.property(column, (cells) => {
                const values = cells.map(([int, most]) => Number(`${int}e-${most}`) + 0);
                const list = grow(values);
                expect(valuesOf(list)).toEqual(values);
                expect(scaleOf(list)).toBeDefined();
            }),
            { numRuns: 1000 },
        );
    });

    it("sorts and compares stored numbers like the original ones", () => {
        fc.assert(
            fc.property(fc.array(fc.oneof(short, missing)), (values) => {
                const list = grow(values);
                const raw = rawOf(list);
                const absent = ArrayBuffer.isView(list) ? NAN : MISSING_INT;
                const sorted = [...raw.slice().sort()].map((value) => (Object.is(value, absent) ? NAN : value));
                const scale = scaleOf(list) ?? 1;
                expect(sorted.map((value) => value / scale)).toEqual([...Float64Array.from(values).sort()]);
            }),
        );
    });

    it("overwrites a row that is set again, and grows as needed", () => {
        for (const values of [
            [1.5, 2.25, NAN, 4],
            [1e300, 2, NAN, 4],
        ]) {
            const numbers = new GrowingNumbers();
            for (const [row, value] of values.entries()) {
                numbers.reserve(row + 1);
                numbers.set(row, 77);
                numbers.set(row, value);
            }
            expect(valuesOf(numbers.firstRows(values.length))).toEqual(values);
        }
    });

    it("reports the memory used per number", () => {
        const numbers = new GrowingNumbers();
        numbers.reserve(2);
        numbers.set(0, 0.25);
        expect(numbers.bytesPerValue).toBe(4);
        numbers.set(1, 1 / 3);
        expect(numbers.bytesPerValue).toBe(8);
    });

    it("stores minus zero as zero", () => {
        expect(valuesOf(grow([-0, 1e300, -0]))).toEqual([0, 1e300, 0]);
    });
});
