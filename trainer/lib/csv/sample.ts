import { aboutColumn, type Finding, typeSetting } from "../findings";
import { DateEvidence, type DateOrder, decideFormat, FormatEvidence, type NumberFormat } from "../model";
import { ByteStrings } from "./dictionary";
import { readNumber } from "./number-bytes";
import type { FileRules } from "./rules";

/** Number of values from which the kind of a column is determined. */
const DECIDING_VALUES = 10_000;

/** After this many cells without a number or a date, a column is text. */
const HOPELESS_CELLS = 200;

/** A column holds dates if it has this many dates for each other cell. The other cells are then missing values. */
const DATES_PER_OTHER = 4;

/** Integers with this many digits may not be exact as numbers. */
const LONG_DIGITS = 16;

/** The kind of a column, and how its cells are read. */
export type ColumnKind =
    | { kind: "number"; format?: NumberFormat | undefined }
    | { kind: "date"; order: DateOrder }
    | { kind: "text" };

interface KindDecision {
    kind: ColumnKind;
    /** True if the first lone dot in the cells that follow can be read in two ways. */
    watched?: boolean;
    /** A cell that can be read in two ways; only the setting `decimal` can decide between them. */
    open?: string;
    findings: Finding[];
}

/** Cells in a column whose kind has not been decided yet, by row. */
export class Sample extends ByteStrings {
    /** Rows examined so far. */
    rows = 0;
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
        super();
        this.#excluded = excluded;
        this.#name = name;
        this.#rules = rules;
        this.#wanted = wanted;
    }

    /**
     * True if the first 10,000 values, not counting missing ones, are present, or if no more rows follow. The first
     * `rows` rows are complete.
     */
    isReady(rows: number, final: boolean): boolean {
        for (; this.rows < rows && !this.#isFull(); this.rows++) {
            const [start, end] = [this.startOf(this.rows), this.ends[this.rows] as number];
            if (this.#excluded.has(this.rows)) {
                continue;
            }
            if (!Number.isNaN(readNumber(this.bytes, start, end, this.#rules.decimalComma))) {
                this.#numbers++;
            } else if (!this.#rules.isMissing(this.bytes, start, end)) {
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

    /** Decides again without some rows. */
    decideWithout(excluded: ReadonlySet<number>, decimal: "." | "," | undefined, role: string): ColumnKind {
        const { rows } = this;
        this.#excluded = excluded;
        [this.rows, this.#numbers, this.#texts] = [0, 0, 0];
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
        if (this.#wanted === "text" || this.#wanted === "date" || this.#numbers + this.#texts === 0) {
            return undefined;
        }
        const evidence = new FormatEvidence();
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
            return { kind: { kind: "number" }, findings: [] };
        }
        if (this.#wanted !== "text" && role !== "target") {
            const { isBoolean, dates } = this.#findDates();
            if (isBoolean) {
                return { kind: { kind: "number", format: { boolean: true } }, findings: [] };
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
        const kind = { kind: "number", format } as const;
        if (open !== undefined && delimiter !== "," && delimiter !== "|") {
            return { kind, open, findings: [] };
        }
        return {
            kind,
            watched: format === undefined && this.#rules.decimalComma && !isSure,
            findings: [
                ...(format === undefined ? [] : [this.#describeFormat(format, evidence)]),
                ...(open === undefined ? [] : [this.#describeOpen(open)]),
            ],
        };
    }

    /** True if some cell has three digits after a dot, and no cell has any other number of digits after one. */
    #hasOpenDots(): boolean {
        let found = false;
        for (let row = 0; row < this.rows; row++) {
            const cell = this.bytes.subarray(this.startOf(row), this.ends[row]);
            const dot = cell.indexOf(46);
            if (dot >= 0 && cell.length - dot !== 4) {
                return false;
            }
            found ||= dot >= 0;
        }
        return found;
    }

    /** True if distinct whole numbers convert to the same double. */
    #isInexact(): boolean {
        const texts = new Map<number, string>();
        for (let row = 0; row < this.rows; row++) {
            const isLong = (this.ends[row] as number) - this.startOf(row) >= LONG_DIGITS;
            const cell = isLong ? this.text(row) : "";
            if (/^-?[1-9]\d+$/.test(cell)) {
                const value = Number(cell);
                if ((texts.get(value) ?? cell) !== cell) {
                    return true;
                }
                texts.set(value, cell);
            }
        }
        return false;
    }

    #findDates(): { isBoolean: boolean; dates: DateEvidence["order"] | undefined } {
        const evidence = new DateEvidence();
        let [dates, booleans, others] = [0, 0, 0];
        for (const cell of this.#cells()) {
            const isDate = evidence.add(cell);
            const isBoolean = /^(true|false)$/i.test(cell);
            dates += isDate ? 1 : 0;
            booleans += isBoolean ? 1 : 0;
            others += isDate || isBoolean ? 0 : 1;
            if (dates + booleans === 0 && others > HOPELESS_CELLS) {
                break;
            }
        }
        this.#hasDates = dates + booleans > 0;
        const isDate = dates >= (others + booleans) * DATES_PER_OTHER || this.#wanted === "date";
        return {
            isBoolean: booleans > 0 && others + dates === 0,
            dates: isDate && dates > 0 ? evidence.order : undefined,
        };
    }

    /** Yields the examined cells that are not missing values. */
    *#cells(): Iterable<string> {
        for (let row = 0; row < this.rows; row++) {
            const isMissing = this.#rules.isMissing(this.bytes, this.startOf(row), this.ends[row] as number);
            if (!this.#excluded.has(row) && !isMissing) {
                yield this.text(row);
            }
        }
    }

    #describeFormat({ decimal, group, unit }: NumberFormat, { example }: FormatEvidence): Finding {
        const parts = [
            ...(decimal === undefined ? [] : ["a decimal comma"]),
            ...(group === undefined ? [] : [`${GROUP_NAMES[group] ?? group} as the thousands separator`]),
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
}

const GROUP_NAMES: Readonly<Record<string, string>> = {
    ",": "a comma",
    ".": "a dot",
    " ": "a space",
    "'": "an apostrophe",
};
