import { readFileSync } from "node:fs";
import path from "node:path";
import type { Feature } from "../../lib/model";
import { textFeature } from "../model/models";
import type { Row } from "../model/predict";

/** The producer named in the ONNX files. */
export const PRODUCER = { name: "test", version: "1.2.3" };

/** Rows with a target column. A text target holds classes. */
export interface Data {
    features: Feature[];
    rows: Row[];
    y: (number | string)[];
}

/**
 * Draws integers from 0 to `count` - 1 with Knuth's linear congruential generator. The same seed yields the same
 * numbers.
 */
export function makeDraw(seed: number): (count: number) => number {
    let state = seed;
    return (count) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * count);
    };
}

const CITIES = ["", "Amsterdam", "Bürglen", "New York, NY", "東京", "🏔"];

/** The flowers in data/iris.csv: four numeric columns, three classes. */
export function iris(): Data {
    const [header, ...lines] = readFileSync(path.join(__dirname, "../../../data/iris.csv"), "utf8")
        .trim()
        .split(/\r?\n/);
    const names = (header ?? "").split(",").slice(1, 5);
    const cells = lines.map((line) => line.split(","));
    return {
        features: names.map((name) => ({ name, kind: "number", missing: false })),
        rows: cells.map((row) => Object.fromEntries(names.map((name, place) => [name, Number(row[place + 1])]))),
        y: cells.map((row) => row[5] as string),
    };
}

/** The same flowers, with the petal width as the target and the species as a text column. */
export function petals(): Data {
    const { features, rows, y } = iris();
    const species = textFeature("Species", [...new Set(y as string[])].sort());
    return {
        features: [species, ...features.slice(0, 3)],
        rows: rows.map((row, place) => ({ ...row, Species: y[place] as string })),
        y: rows.map(({ PetalWidthCm }) => PetalWidthCm as number),
    };
}

/**
 * Customers who stay or leave, described by text, integers and decimals. In columns that allow it, every sixth value is
 * missing.
 */
export function customers(count: number): Data {
    const draw = makeDraw(1);
    const rows = Array.from({ length: count }, () => ({
        city: CITIES[draw(CITIES.length)] as string,
        months: draw(120),
        fee: draw(6) === 0 ? null : draw(10_000) / 100,
        "rating (1–5)": draw(6) === 0 ? null : 1 + draw(5),
        plan: ["basic", "plus"][draw(2)] as string,
    }));
    return {
        features: [
            textFeature("city", CITIES),
            { name: "months", kind: "number", missing: false },
            { name: "fee", kind: "number", missing: true },
            { name: "rating (1–5)", kind: "number", missing: true },
            textFeature("plan", ["basic", "plus"]),
        ],
        rows,
        y: rows.map(({ months, plan }) => (months + draw(60) < (plan === "plus" ? 60 : 90) ? "leaves" : "stays")),
    };
}

/** Prices derived from the same columns. */
export function prices(count: number): Data {
    const draw = makeDraw(2);
    const data = customers(count);
    return { ...data, y: data.rows.map(({ months }) => 1000 * (months as number) + draw(1_000_000) / 7) };
}
