import { readFileSync } from "node:fs";
import path from "node:path";
import type { Feature } from "../../../lib/model";
import { textFeature } from "../../model/models";
import { randomNumbers } from "./grow";

/** A training table, with numbers as the model sees them. */
export interface Data {
    source: string;
    target: string;
    features: Feature[];
    columns: number[][];
    y: number[];
    classes?: string[];
}

/** The flowers in data/iris.csv. */
export function iris(): Data {
    const [header = "", ...lines] = readFileSync(path.join(__dirname, "../../../../data/iris.csv"), "utf8")
        .trim()
        .split(/\r?\n/);
    const rows = lines.map((line) => line.split(","));
    const names = header.split(",").slice(1, 5);
    const classes = [...new Set(rows.map((row) => row[5] as string))].sort();
    return {
        source: "gs://flowers/data/717820ef0a/iris.csv",
        target: "Species",
        features: names.map((name) => ({ name, kind: "number", missing: false })),
        columns: names.map((_, column) => rows.map((row) => Number(row[column + 1]))),
        y: rows.map((row) => classes.indexOf(row[5] as string)),
        classes,
    };
}

const DISTRICTS = [
    "",
    "Altstadt",
    "Harbour",
    "Hillside",
    "Meadows",
    "Mill Lane",
    "North",
    "Old Docks",
    "Zollstock",
    "Östermalm",
];
const STYLES = ["brick", "concrete", "timber"];

/** Made-up houses with a price, described by text and numeric columns, with some numbers missing. */
export function houses(rows = 600): Data {
    const random = randomNumbers(7);
    const columns: number[][] = [[], [], [], [], []];
    const y: number[] = [];
    for (let row = 0; row < rows; row++) {
        const area = Math.round(40 + random() * 160);
        const built = random() < 0.12 ? Number.NaN : Math.round(1900 + random() * 123);
        const district = Math.floor(random() * DISTRICTS.length);
        const style = Math.floor(random() * STYLES.length);
        const distance = Number((random() * 12).toFixed(1));
        const age = Number.isNaN(built) ? 70 : 2023 - built;
        y.push(
            Math.round(
                area * 2400 -
                    age * 700 +
                    (district > 6 ? 90000 : 0) +
                    (style === 2 ? 30000 : 0) -
                    distance * 4000 +
                    (random() - 0.5) * 70000,
            ),
        );
        for (const [place, value] of [area, built, district, style, distance].entries()) {
            columns[place]?.push(value);
        }
    }
    const features: Feature[] = [
        { name: "area in m²", kind: "number", missing: false },
        { name: "built", kind: "number", missing: true },
        textFeature("district", DISTRICTS),
        textFeature("walls", STYLES),
        { name: "kilometres to the centre", kind: "number", missing: false },
    ];
    return { source: "gs://homes/data/0a1b2c3d4e/houses.csv", target: "price", features, columns, y };
}

/** Points around overlapping centres, one centre per class. */
export function blobs(classes: number, rows: number, features: number): Data {
    const random = randomNumbers(11);
    const centres = Array.from({ length: classes }, () => Array.from({ length: features }, () => random() * 10));
    const y = Array.from({ length: rows }, (_, row) => row % classes);
    const normal = () => random() + random() + random() - 1.5;
    return {
        source: "gs://points/blobs.csv",
        target: "group",
        features: Array.from({ length: features }, (_, place) => ({
            name: `x${place + 1}`,
            kind: "number",
            missing: false,
        })),
        columns: Array.from({ length: features }, (_, place) =>
            y.map((label) => Number(((centres[label]?.[place] as number) + 3 * normal()).toFixed(2))),
        ),
        y,
        classes: Array.from({ length: classes }, (_, place) => `group ${place + 1}`),
    };
}

/** A table without rows, for models that were not fitted to data. */
export function madeUp(features: Feature[], classes: string[] | undefined, rows = 1000): Data {
    return {
        source: "gs://made/up.csv",
        target: "y",
        features,
        columns: [],
        y: new Array<number>(rows).fill(0),
        ...(classes && { classes }),
    };
}
