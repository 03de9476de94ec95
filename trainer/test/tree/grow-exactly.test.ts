import fc from "fast-check";
import { MISSING_INT } from "../../lib/columns/number-list";
import { makeRandom } from "../../lib/random";
import { growTree } from "../../lib/tree/grow";
import { makeWorkspace } from "../../lib/tree/node-lists";
import { count } from "../tables";
import { closeTo, GROWTHS, grow, rootOf } from "./growing";
import { growNaively } from "./naive";
import { makeTable, plainTables, UNLIMITED } from "./tables";

describe("growTree grows the same tree as an exhaustive search,", () => {
    it.each([2, 3, 7])("for %d classes", (labels) => {
        fc.assert(
            fc.property(plainTables({ labels }), GROWTHS, (table, growth) => {
                const rows = [...table.y.keys()];
                const expected = growNaively(table, "classification", rows, growth);
                expect(rootOf(grow(makeTable(table, labels), growth))).toEqual(closeTo(expected));
            }),
        );
    });

    it("for numbers", () => {
        fc.assert(
            fc.property(plainTables({ labels: 9 }), GROWTHS, (table, growth) => {
                const expected = growNaively(table, "regression", [...table.y.keys()], growth);
                expect(rootOf(grow(makeTable(table, 0), growth))).toEqual(closeTo(expected));
            }),
        );
    });

    it.each([0, 2, 4])("for rows that count zero times or several times (%d classes)", (labels) => {
        const sampled = plainTables({ labels: Math.max(labels, 6), maxRows: 20 }).chain((table) =>
            fc.tuple(
                fc.constant({ ...table, y: table.y.map((label) => (labels === 0 ? label : label % labels)) }),
                fc.array(fc.nat(table.y.length - 1), { minLength: 1, maxLength: 60 }),
            ),
        );
        fc.assert(
            fc.property(sampled, ([table, rows]) => {
                const task = labels === 0 ? "regression" : "classification";
                const expected = growNaively(table, task, rows, UNLIMITED);
                expect(rootOf(grow(makeTable(table, labels), UNLIMITED, rows))).toEqual(closeTo(expected));
            }),
        );
    });
});

describe("growTree returns the same tree", () => {
    it.each([2, 5])("if an entry has too few bits for one of %d classes or for a weight", (labels) => {
        fc.assert(
            fc.property(plainTables({ labels }), fc.boolean(), (plain, twice) => {
                const table = makeTable(plain, labels);
                const rows = twice ? [...plain.y.keys(), ...plain.y.keys(), 0] : undefined;
                expect(rootOf(grow(table, UNLIMITED, rows, 7))).toEqual(closeTo(rootOf(grow(table, UNLIMITED, rows))));
            }),
        );
    });

    it.each([0, 2, 5])("if lists are sorted lazily, with %d classes", (labels) => {
        const workspace = makeWorkspace();
        fc.assert(
            fc.property(
                plainTables({ labels: labels || 9, maxRows: 120 }),
                fc.boolean(),
                fc.nat(3),
                (plain, twice, drawn) => {
                    const table = makeTable(plain, labels);
                    const weights = new Uint8Array(plain.y.length).map((_, row) => (twice ? (row * 7) % 21 : 1));
                    weights[0] = 1;
                    const growInOneWay = (lazy: boolean) => {
                        const sampling = { maxFeatures: drawn, random: makeRandom(3, 4) };
                        const request = { growth: UNLIMITED, weights, weighted: twice, lazy };
                        return growTree(table, drawn === 0 ? request : { ...request, sampling }, workspace);
                    };
                    expect(rootOf(growInOneWay(true))).toEqual(closeTo(rootOf(growInOneWay(false))));
                },
            ),
        );
    });

    it("in memory that other trees used before", () => {
        const workspace = makeWorkspace();
        fc.assert(
            fc.property(plainTables({ labels: 3 }), (plain) => {
                const table = makeTable(plain, 3);
                const request = { growth: UNLIMITED, weights: new Uint8Array(plain.y.length).fill(1), weighted: false };
                expect(growTree(table, request, workspace)).toEqual(growTree(table, request));
            }),
        );
    });

    it("if it overwrites the orders, for scaled integers and a subset of the rows", () => {
        const cell = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(Number.NaN));
        const rowCells = fc.tuple(cell, cell, fc.nat(3), fc.integer({ min: 0, max: 1 }));
        fc.assert(
            fc.property(fc.array(rowCells, { minLength: 1, maxLength: 60 }), fc.boolean(), (rows, isNumber) => {
                const columns = [0, 1].map((column) => rows.map((cells) => (cells[column] as number) / 10));
                const table = makeTable({ columns, y: rows.map((cells) => cells[2]) }, isNumber ? 0 : 4);
                const weights = Uint8Array.from(rows, (cells) => cells[3]);
                weights[0] = 1;
                const request = { growth: UNLIMITED, weights, weighted: false };
                const expected = growTree(table, request);
                const ints = columns.map((values) =>
                    Int32Array.from(values, (value) => (Number.isNaN(value) ? MISSING_INT : Math.round(value * 10))),
                );
                const scaled = { ...table, columns: ints.map((list) => ({ ints: list, scale: 10 })) };
                expect(growTree(scaled, { ...request, inPlace: true })).toEqual(expected);
            }),
        );
    });

    it("for two equal columns in either order, and names the first column", () => {
        fc.assert(
            fc.property(plainTables({ labels: 3 }), (plain) => {
                const [column] = plain.columns as [number[]];
                const mirrored = column.map((value) => -value);
                const table = makeTable({ columns: [column, column, mirrored], y: plain.y }, 3);
                const tree = grow(table);
                // Missing values sort above all others both in a column and in its mirror, so either can split them
                // off.
                const isMirrored = column.every((value) => Math.abs(value) < Number.MAX_VALUE);
                expect([...tree.columns].every((at) => at < 1 || (at === 2 && !isMirrored))).toBe(true);
            }),
        );
    });

    it("for numbers whose sum depends on the order of addition", () => {
        const values = count(200).map((row) => (row * 37) % 200);
        const y = values.map((value) => Math.sin(value) * 1e3 + 0.1);
        const tree = grow(makeTable({ columns: [values, values.map((value) => -value)], y }, 0));
        expect([...tree.columns].every((column) => column < 1)).toBe(true);
    });
});
