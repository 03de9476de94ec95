import { nearest } from "../../infra/config/nearest";
import { type CellReader, cellReader, type Model, parseNumber, usesDecimalComma } from "../../trainer/lib/model";
import { UsageError } from "../start/stack-config";
import type { CsvFile } from "./csv-rows";

/** A column that the model needs, in the input. */
export interface FeatureColumn {
    name: string;
    kind: "number" | "text";
    /** Its place among the input's columns. */
    place: number;
    read: CellReader;
}

const MAX_NAMES_SHOWN = 20;

/**
 * Finds the model's columns by their names.
 *
 * @throws UsageError that names every column which is missing, with one of a similar name, or is there twice
 */
export function findColumns(model: Model, { header, dialect }: CsvFile, source: string): FeatureColumn[] {
    const decimalComma = usesDecimalComma(dialect.delimiter);
    const missing = model.features.map(({ name }) => name).filter((name) => !header.cells.includes(name));
    if (missing.length > 0) {
        throw new UsageError(describeMissing(missing, header.cells, source, model));
    }
    return model.features.map((feature) => {
        const place = header.cells.indexOf(feature.name);
        const again = header.cells.indexOf(feature.name, place + 1);
        if (again >= 0) {
            const numbers = `number ${place + 1} and ${again + 1}`;
            throw new UsageError(`${source} names column ${JSON.stringify(feature.name)} twice, as ${numbers}`);
        }
        return { name: feature.name, kind: feature.kind, place, read: cellReader(feature, decimalComma) };
    });
}

function describeMissing(missing: string[], present: string[], source: string, { features }: Model): string {
    const unused = present.filter((name) => !features.some((feature) => feature.name === name));
    const named = missing.map((name) => {
        const similar = findSimilar(name, unused);
        return `${JSON.stringify(name)}${similar === undefined ? "" : ` (it has ${JSON.stringify(similar)})`}`;
    });
    const shown = shorten(named);
    const noHeader = present.every((name) => name === "" || parseNumber(name, true) !== undefined);
    return (
        `${source} has no column ${shown}, which the model needs; it has ` +
        `${shorten(present.map((name) => JSON.stringify(name)))}` +
        (noHeader ? ": put a row with the columns' names first" : "")
    );
}

/** A column whose name differs by case, spaces and signs only, or by few letters. */
function findSimilar(name: string, candidates: readonly string[]): string | undefined {
    const plain = (text: string) => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
    const wanted = plain(name);
    return nearest(wanted, candidates, Math.floor(wanted.length / 4), plain);
}

function shorten(items: readonly string[]): string {
    const more = items.length - MAX_NAMES_SHOWN;
    return `${items.slice(0, MAX_NAMES_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
