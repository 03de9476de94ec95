import { aboutColumn, type Finding, typeSetting } from "../findings";
import { DateEvidence, type DateOrder, decideFormat, FormatEvidence, type NumberFormat } from "../model";
import { readNumber } from "./number-bytes";
import { type FileRules, textOf } from "./rules";

/** Number of values from which the kind of a column is determined. */
const DECIDING_VALUES = 10_000;

/** After this many cells without a number or a date, a column is text. */
const HOPELESS_CELLS = 200;

/** A column holds dates if it has this many for each cell that is not a date. Such cells are then missing values. */
const DATES_PER_OTHER = 4;

/** Integers with this many digits may not be exact as numbers. */
const LONG_DIGITS = 16;

/** The kind of a column, and the way in which its cells are read. */
export type ColumnKind =
    /** `watched`: the first lone dot in the cells that follow has two readings. */
    | { kind: "number"; format: NumberFormat | undefined; watched: boolean }
    | { kind: "date"; order: DateOrder }
    | { kind: "text" };

/** The decision about a column. */
export interface KindDecision {
    kind: ColumnKind;
    /** A cell with two readings, between which only the setting `decimal` can decide. */
    open?: string;
    findings: Finding[];
}

/** Cells in a column whose kind has not been decided yet. */
export class Sample {
    #bytes = Buffer.alloc(1024);
    #ends = new Uint32Array(256);
    /** Rows examined so far. */
    #seen = 0;
    #numbers = 0;
    #texts = 0;
    #hasDates = false;
    #excluded: ReadonlySet<number>;
    readonly #rules: FileRules;
    readonly #wanted: ColumnKind["kind"] | undefined;
    readonly #name: string;

    /**
     * @param wanted the kind that the user has set
     * @param excluded rows that do not take part in the decision
     */
    constructor(
        name: string,
        rules: FileRules,
        wanted: ColumnKind["kind"] | undefined,
        excluded: ReadonlySet<number> = new Set(),
    ) {
        this.#excluded = excluded;
        this.#name = name;
        this.#rules = rules;
        this.#wanted = wanted;
    }

    /** Adds the cell of a row. Rows arrive in order, but the last one may be repeated. */
    put(row: number, bytes: Uint8Array, start: number, end: number): void {
        const from = this.#startOf(row);
        const to = from + end - start;
        if (to > this.#bytes.length) {
            this.#bytes = Buffer.concat([this.#bytes], Math.max(this.#bytes.length * 2, to));
        }
        if (row === this.#ends.length) {
            const larger = new Uint32Array(row * 2);
            larger.set(this.#ends);
            this.#ends = larger;
        }
        for (let at = start; at < end; at++) {
            this.#bytes[from + at - start] = bytes[at] as number;
        }
        this.#ends[row] = to;
    }

    /**
     * True if the first 10,000 values, not counting missing ones, are present, or if no more rows follow. The first
     * `rows` rows are complete.
     */
    isReady(rows: number, final: boolean): boolean {
        for (; this.#seen < rows && !this.#isFull(); this.#seen++) {
            const start = this.#startOf(this.#seen);
            const end = this.#ends[this.#seen] as number;
            if (this.#excluded.has(this.#seen)) {
                continue;
            }
            if (!Number.isNaN(readNumber(this.#bytes, start, end, this.#rules.decimalComma))) {
                this.#numbers++;
            } else if (!this.#rules.isMissing(this.#bytes, start, end)) {
                this.#texts++;
            }
        }
        return final || this.#isFull();
    }

    /** True if other rows could lead to another decision. Otherwise, all cells agree. */
    isMixed(kind: ColumnKind): boolean {
        const isPlain = kind.kind === "number" && kind.format === undefined && !this.#rules.decimalComma;
        return kind.kind === "text" ? this.#numbers > 0 || this.#hasDates : !isPlain || this.#texts > 0;
    }

    get rows(): number {
        return this.#seen;
    }

    /** Decides again without some rows. */
    decideWithout(excluded: ReadonlySet<number>, decimal: "." | "," | undefined, role: string): ColumnKind {
        const rows = this.#seen;
        this.#excluded = excluded;
        [this.#seen, this.#numbers, this.#texts] = [0, 0, 0];
        this.isReady(rows, true);
        return this.decide(this.findEvidence(), decimal, role).kind;
    }

    #isFull(): boolean {
        return Math.max(this.#numbers, this.#texts) >= DECIDING_VALUES / 2;
    }

    /**
     * The marks in the numbers, or undefined if most cells are something else. If one column in a file uses decimal
     * commas, all columns do.
     */
    findEvidence(): FormatEvidence | undefined {
        if (this.#wanted === "text" || this.#wanted === "date") {
            return undefined;
        }
        const evidence = new FormatEvidence();
        if (this.#numbers + this.#texts === 0) {
            return undefined;
        }
        // Plain numbers need a closer look only if a dot may separate thousands.
        if (this.#texts === 0 && !this.#rules.decimalComma && !this.#hasOpenDots()) {
            return evidence;
        }
        let numbers = 0;
        let others = 0;
        for (const cell of this.#cells()) {
            evidence.add(cell) ? numbers++ : others++;
            if (numbers === 0 && others > HOPELESS_CELLS) {
                return undefined;
            }
        }
        const isMost = numbers > others || (this.#wanted === "number" && numbers > 0);
        return isMost && !evidence.isContradictory ? evidence : undefined;
    }

    /** Decides the kind: most of the values are numbers, dates or booleans, or the column is text. */
    decide(evidence: FormatEvidence | undefined, decimal: "." | "," | undefined, role: string): KindDecision {
        if (evidence !== undefined) {
            return this.#decideNumber(evidence, decimal);
        }
        if (this.#wanted === "number") {
            return { kind: { kind: "number", format: undefined, watched: false }, findings: [] };
        }
        if (this.#wanted !== "text" && role !== "target") {
            const { isBoolean, dates } = this.#findDates();
            if (isBoolean) {
                return { kind: { kind: "number", format: { boolean: true }, watched: false }, findings: [] };
            }
            if (dates !== undefined) {
                const { order, open } = dates;
                const [first, other] = order === "mdy" ? ["month", "day"] : ["day", "month"];
                const said = `has dates that can be read in two ways; the first number is taken for the ${first}, not the ${other}: write them as 2024-12-31 to be sure`;
                const finding = aboutColumn("date-format", this.#name, said, typeSetting(this.#name, "text"));
                return { kind: { kind: "date", order }, findings: open ? [finding] : [] };
            }
        }
        return { kind: { kind: "text" }, findings: [] };
    }

    #decideNumber(evidence: FormatEvidence, decimal: "." | "," | undefined): KindDecision {
        const { delimiter } = this.#rules;
        if (this.#wanted !== "number" && this.#isInexact()) {
            const said = "has whole numbers that are too long to be exact, so they are read as text";
            const finding = aboutColumn("inexact-numbers", this.#name, said, typeSetting(this.#name, "number"));
            return { kind: { kind: "text" }, findings: [finding] };
        }
        const { format, open } = decideFormat(evidence, decimal, delimiter);
        const isSure = decimal === "." || evidence.decimals.has(".") || evidence.ungrouped;
        const watched = this.#rules.decimalComma && !isSure;
        const kind = { kind: "number", format, watched: format === undefined && watched } as const;
        if (open !== undefined && delimiter !== "," && delimiter !== "|") {
            return { kind, open, findings: [] };
        }
        return {
            kind,
            findings: [
                ...(format === undefined ? [] : [this.#describeFormat(format, evidence)]),
                ...(open === undefined ? [] : [this.#describeOpen(open)]),
            ],
        };
    }

    /** True if a dot is followed by three digits, and by no other number of digits in any cell. */
    #hasOpenDots(): boolean {
        let found = false;
        for (let row = 0; row < this.#seen; row++) {
            const end = this.#ends[row] as number;
            const dot = this.#bytes.subarray(this.#startOf(row), end).indexOf(46);
            if (dot >= 0) {
                if (end - this.#startOf(row) - dot !== 4) {
                    return false;
                }
                found = true;
            }
        }
        return found;
    }

    /** True if distinct whole numbers convert to the same double. */
    #isInexact(): boolean {
        const texts = new Map<number, string>();
        for (let row = 0; row < this.#seen; row++) {
            const [start, end] = [this.#startOf(row), this.#ends[row] as number];
            if (end - start >= LONG_DIGITS) {
                const cell = textOf(this.#bytes, start, end);
                if (/^-?[1-9]\d+$/.test(cell)) {
                    const value = Number(cell);
                    if ((texts.get(value) ?? cell) !== cell) {
                        return true;
                    }
                    texts.set(value, cell);
                }
            }
        }
        return false;
    }

    #findDates(): { isBoolean: boolean; dates: DateEvidence["order"] | undefined } {
        const evidence = new DateEvidence();
        let [dates, booleans, others] = [0, 0, 0];
        for (const cell of this.#cells()) {
            if (evidence.add(cell)) {
                dates++;
            } else if (/^(true|false)$/i.test(cell)) {
                booleans++;
            } else {
                others++;
            }
            if (dates + booleans === 0 && others > HOPELESS_CELLS) {
                break;
            }
        }
        this.#hasDates = dates + booleans > 0;
        const isDate = dates >= (others + booleans) * DATES_PER_OTHER && dates > 0;
        const isDeclared = this.#wanted === "date" && dates > 0;
        return {
            isBoolean: booleans > 0 && others + dates === 0,
            dates: isDate || isDeclared ? evidence.order : undefined,
        };
    }

    /** Yields the examined cells that are not missing values. */
    *#cells(): Iterable<string> {
        for (let row = 0; row < this.#seen; row++) {
            const [start, end] = [this.#startOf(row), this.#ends[row] as number];
            if (!this.#excluded.has(row) && !this.#rules.isMissing(this.#bytes, start, end)) {
                yield textOf(this.#bytes, start, end);
            }
        }
    }

    /** Forwards every cell, in row order. */
    replay(rows: number, put: (row: number, bytes: Uint8Array, start: number, end: number) => void): void {
        for (let row = 0; row < rows; row++) {
            put(row, this.#bytes, this.#startOf(row), this.#ends[row] as number);
        }
    }

    /** Memory in use. */
    get byteLength(): number {
        return this.#bytes.byteLength + this.#ends.byteLength;
    }

    #describeFormat({ decimal, group, unit }: NumberFormat, { example }: FormatEvidence): Finding {
        const parts = [
            ...(decimal === undefined ? [] : ["a comma before the decimals"]),
            ...(group === undefined ? [] : [`${GROUP_NAMES[group] ?? group} between thousands`]),
            ...(unit === undefined ? [] : [`the unit ${unit}`]),
        ];
        const said = `is read as numbers with ${parts.join(" and ")}, such as ${JSON.stringify(example)}`;
        return aboutColumn("number-format", this.#name, said, typeSetting(this.#name, "text"));
    }

    #describeOpen(cell: string): Finding {
        const [name, other] = cell.includes(",") ? ["comma", "."] : ["dot", ","];
        const said = `has ${JSON.stringify(cell)}, whose ${name} is taken for the decimal mark, not for a thousands separator`;
        return aboutColumn("number-format", this.#name, said, `decimal=${other}`);
    }

    #startOf(row: number): number {
        return row === 0 ? 0 : (this.#ends[row - 1] as number);
    }
}

const GROUP_NAMES: Readonly<Record<string, string>> = {
    ",": "a comma",
    ".": "a dot",
    " ": "a space",
    "'": "an apostrophe",
};
