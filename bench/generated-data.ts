import { createWriteStream, existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { mulberry32 } from "../trainer/lib/random";
import { WORK } from "./paths";

/** Number of columns, not counting the class. */
export const FEATURES = 10;
/**
 * Number of decimal places. With five, a row takes up 88 bytes, and its text parses to exactly the same float64 values.
 */
const DECIMALS = 5;
const SCALE = 10 ** DECIMALS;
const CLASSES = ["a", "b", "c"];
const SEED = 1;
const FOLDER = path.join(WORK, "data");

/**
 * Creates a file with a table unless it exists, and returns its path. The file holds little-endian float64 values,
 * column by column, with the class index last. A smaller table is a prefix of a larger one.
 */
export async function matrixFile(rows: number): Promise<string> {
    return await makeOnce(`${rows}.bin`, async (file) => {
        const table = new Float64Array(rows * (FEATURES + 1));
        const next = rowMaker();
        const cells = new Float64Array(FEATURES + 1);
        for (let row = 0; row < rows; row++) {
            next(cells);
            for (let column = 0; column <= FEATURES; column++) {
                table[column * rows + row] = (cells[column] ?? 0) / (column < FEATURES ? SCALE : 1);
            }
        }
        await writeFile(file, new Uint8Array(table.buffer));
    });
}

/** Creates the same table as CSV with a header: `x0` to `x9`, and the text column `class`. */
export async function csvFile(rows: number): Promise<string> {
    return await makeOnce(`${rows}.csv`, async (file) => {
        await pipeline(Readable.from(csvChunks(rows)), createWriteStream(file));
    });
}

function* csvChunks(rows: number): Generator<string> {
    const names = Array.from({ length: FEATURES }, (_, column) => `x${column}`);
    yield `${[...names, "class"].join(",")}\n`;
    const next = rowMaker();
    const cells = new Float64Array(FEATURES + 1);
    let chunk = "";
    for (let row = 0; row < rows; row++) {
        next(cells);
        for (let column = 0; column < FEATURES; column++) {
            chunk += `${((cells[column] ?? 0) / SCALE).toFixed(DECIMALS)},`;
        }
        chunk += `${CLASSES[cells[FEATURES] ?? 0]}\n`;
        if (chunk.length > 1_000_000) {
            yield chunk;
            chunk = "";
        }
    }
    yield chunk;
}

/** Generates rows one at a time: features as integers in units of the last decimal place, then the class index. */
function rowMaker(): (cells: Float64Array) => void {
    const gauss = normal(mulberry32(SEED));
    return (cells) => {
        for (let column = 0; column < FEATURES; column++) {
            cells[column] = Math.round(gauss() * SCALE);
        }
        cells[FEATURES] = classOf(cells, gauss());
    };
}

/**
 * Derives the class from step functions, a product and a curve in five of the columns, with added noise, so that no
 * tree can fit it exactly.
 */
function classOf(cells: Float64Array, noise: number): number {
    const x = (column: number) => (cells[column] ?? 0) / SCALE;
    const score = x(0) * x(1) + Math.sin(2 * x(2)) + Math.abs(x(3)) + (x(4) > 0.5 ? 1 : 0) + noise / 2;
    return score < 0.5 ? 0 : score < 1.5 ? 1 : 2;
}

/** Writes under a temporary name first, so that an interrupted write leaves no incomplete file under the final name. */
async function makeOnce(name: string, make: (file: string) => Promise<void>): Promise<string> {
    const file = path.join(FOLDER, name);
    if (!existsSync(file)) {
        await mkdir(FOLDER, { recursive: true });
        await make(`${file}.part`);
        await rename(`${file}.part`, file);
    }
    return file;
}

/** Generates normally distributed numbers with the Box-Muller transform. */
function normal(random: () => number): () => number {
    return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
