import { GrowingNumbers } from "../columns/growing-numbers";
import { countMissing, valueAt } from "../columns/number-list";
import { aboutColumn, type Finding, typeSetting } from "../findings";
import { FormatEvidence, parseDate, parseFormatted } from "../model";
import { Dictionary } from "./dictionary";
import { readNumber } from "./number-bytes";
import { type FileRules, textOf } from "./rules";
import { type ColumnKind, Sample } from "./sample";

/** A target with more distinct strings than this is neither classes nor numbers. */
const MAX_TARGET_TEXTS = 100_000;

/** Spellings are kept for up to this many distinct labels, more than the number of classes a target may have. */
const MAX_SPELLINGS = 1001;

/** A problem with a cell. Rows are counted from 0. */
export interface CellProblem {
    row: number;
    problem: string;
}

/** A column named like an identifier is dropped if every row has a different value. */
export type ColumnRole = "target" | "feature" | "identifier";

/**
 * A column that grows row by row. Numbers and dates are stored as numbers, and strings as indices into a dictionary,
 * both in shared memory. Until the kind of the column is decided, its cells are kept as bytes.
 *
 * A row may be added more than once, because a row that is cut off at the end of the bytes is added again when it is
 * complete.
 */
export class ColumnBuilder {
    /** Undefined until the kind has been decided. */
    decided: ColumnKind | undefined;
    readonly numbers = new GrowingNumbers();
    /** The distinct strings in a text column. */
    readonly dictionary = new Dictionary();
    /** The strings in a numeric identifier column, all distinct. They are valid only if the column is dropped. */
    readonly others = new Dictionary();
    firstOther: CellProblem | undefined;
    /** A target's labels as they are written, and the index of each row's label. */
    spellings: { labels: Dictionary; ofRows: GrowingNumbers } | undefined;
    findings: Finding[] = [];
    /** Markers for missing values, with the number of rows that contain each. */
    readonly markers = new Map<string, number>();
    /** Number of cells that do not fit, with the first and its row. Unless they are problems, they count as missing. */
    bad: { count: number; first: string; row: number } | undefined;
    readonly name: string;
    readonly role: ColumnRole;
    readonly #rules: FileRules;
    /** True if the user has set the kind. */
    readonly isDeclared: boolean;
    /** True if the usual markers count as missing values even in text: in a target that was not declared as text. */
    readonly #skipsMarkers: boolean;
    #sample: Sample | undefined;
    /** The sample from which the kind was decided, if other rows could have led to another kind. */
    #decidedFrom: Sample | undefined;
    #evidence: FormatEvidence | undefined;
    #watched = false;
    /** For each string, the number that is stored. */
    readonly #stored: number[] = [];
    #capacity = 0;
    #lastOddRow = -1;

    /**
     * @param wanted the kind that the user has set
     * @param excluded rows that do not help to determine the kind
     */
    constructor(
        name: string,
        role: ColumnRole,
        rules: FileRules,
        wanted?: ColumnKind["kind"],
        excluded?: ReadonlySet<number>,
    ) {
        this.name = name;
        this.role = role;
        this.#rules = rules;
        this.isDeclared = wanted !== undefined;
        this.#skipsMarkers = role === "target" && wanted !== "text";
        this.#sample = new Sample(name, rules, wanted, excluded);
    }

    get kind(): ColumnKind["kind"] | "pending" {
        return this.decided?.kind ?? "pending";
    }

    /** True if the cells are plain numbers, which the row reader may write without this builder. */
    get isPlain(): boolean {
        return this.#hasPlainNumbers && this.spellings === undefined;
    }

    get #hasPlainNumbers(): boolean {
        return this.decided?.kind === "number" && this.decided.format === undefined;
    }

    reserve(rows: number): void {
        this.#capacity = rows;
        if (this.kind !== "pending") {
            this.numbers.reserve(rows);
            this.spellings?.ofRows.reserve(rows);
        }
    }

    /** Adds a trimmed cell; returns the problem with it, if any. */
    put(row: number, bytes: Uint8Array, start: number, end: number): CellProblem | undefined {
        switch (this.kind) {
            case "pending":
                this.#sample?.write(row, bytes, start, end);
                return undefined;
            case "text":
                this.numbers.ints[row] = this.#textAt(row, bytes, start, end);
                return this.role === "target" && this.dictionary.size > MAX_TARGET_TEXTS
                    ? {
                          row,
                          problem: `there are more than ${MAX_TARGET_TEXTS} different values: too many to be classes`,
                      }
                    : undefined;
            default:
                return this.#putNumber(row, bytes, start, end);
        }
    }

    /**
     * Returns the number for a string, or that for the empty string if the string marks a missing value. Each distinct
     * string is checked only once.
     */
    #textAt(row: number, bytes: Uint8Array, start: number, end: number): number {
        const entry = this.dictionary.add(bytes, start, end);
        if (entry === this.#stored.length) {
            const isMarked = this.#rules.isMarked(bytes, start, end);
            const isMissing = isMarked || (this.#skipsMarkers && this.#rules.isMissing(bytes, start, end));
            this.#stored.push(entry);
            if (isMissing && start < end) {
                this.#stored[entry] = this.#textAt(row, bytes, start, start);
            }
        }
        const stored = this.#stored[entry] as number;
        if (stored !== entry) {
            this.#countMarker(row, textOf(bytes, start, end));
        }
        return stored;
    }

    #putNumber(row: number, bytes: Uint8Array, start: number, end: number): CellProblem | undefined {
        let value = Number.NaN;
        if (this.#hasPlainNumbers) {
            const problem = this.#watched ? this.#resolve(row, textOf(bytes, start, end)) : undefined;
            if (problem !== undefined) {
                return problem;
            }
            value = this.#hasPlainNumbers ? readNumber(bytes, start, end, this.#rules.decimalComma) : value;
        }
        const { decided } = this;
        if (Number.isNaN(value) && start < end && decided !== undefined && decided.kind !== "text") {
            const text = textOf(bytes, start, end);
            const read =
                decided.kind === "date" ? parseDate(text, decided.order) : parseFormatted(text, decided.format ?? {});
            value = read ?? Number.NaN;
        }
        this.numbers.set(row, value);
        if (this.spellings !== undefined) {
            this.#spell(row, bytes, start, Number.isNaN(value) ? start : end);
        }
        return Number.isNaN(value) && start < end ? this.#judge(row, bytes, start, end) : undefined;
    }

    /** Interprets the first lone dot in a column whose numbers have had no dots so far. */
    #resolve(row: number, text: string): CellProblem | undefined {
        const evidence = new FormatEvidence();
        if (!text.includes(".") || !evidence.add(text)) {
            return undefined;
        }
        const hasCommas = this.numbers.decimals !== 0;
        const isGrouped =
            evidence.groups.has(".") || (!evidence.decimals.has(".") && (hasCommas || this.#rules.decimal === ","));
        if (isGrouped) {
            this.decided = { kind: "number", format: { decimal: ",", group: "." } };
            const said = `is read as numbers with a dot as the thousands separator, such as ${JSON.stringify(text)}`;
            this.findings.push(aboutColumn("number-format", this.name, said, typeSetting(this.name, "text")));
        } else if (!evidence.decimals.has(".") && this.#rules.decimal === undefined && !this.#hasThousands(row)) {
            return { row, problem: describeOpen(text) };
        }
        this.#watched = false;
        return undefined;
    }

    #hasThousands(rows: number): boolean {
        const list = this.numbers.firstRows(rows);
        for (let row = 0; row < rows; row++) {
            if (Math.abs(valueAt(list, row)) >= 1000) {
                return true;
            }
        }
        return false;
    }

    /** True if enough rows have been read to determine the kind. If `final` is true, no more rows follow. */
    examine(rows: number, final: boolean): boolean {
        if (this.#sample?.isReady(rows, final) !== true) {
            return false;
        }
        this.#evidence = this.#sample.findEvidence();
        const { decimals = new Set(), groups = new Set() } = this.#evidence ?? {};
        const provesComma = decimals.has(",") || groups.has(".");
        if (this.#rules.decimal === undefined && provesComma !== (decimals.has(".") || groups.has(","))) {
            this.#rules.decimal = provesComma ? "," : ".";
        }
        return true;
    }

    /**
     * Determines the kind, after `examine`. The first `rows` rows are complete.
     * @returns the first cell that does not fit
     */
    settle(rows: number): CellProblem | undefined {
        const sample = this.#sample as Sample;
        const { kind, watched = false, open, findings } = sample.decide(this.#evidence, this.#rules.decimal, this.role);
        if (open !== undefined) {
            return { row: 0, problem: describeOpen(open) };
        }
        this.decided = kind;
        this.findings = findings;
        this.#watched = watched;
        if (kind.kind === "number" && this.role === "target") {
            this.spellings = { labels: new Dictionary(), ofRows: new GrowingNumbers() };
        }
        this.#sample = undefined;
        this.#decidedFrom = sample.isMixed(kind) ? sample : undefined;
        this.reserve(Math.max(this.#capacity, rows));
        let first: CellProblem | undefined;
        for (let row = 0; row < rows; row++) {
            const problem = this.put(row, sample.bytes, sample.startOf(row), sample.ends[row] as number);
            first ??= problem;
        }
        return first;
    }

    /** Number of rows from which the kind was decided; 0 if all of them agree. */
    get decidingRows(): number {
        return this.#decidedFrom?.rows ?? 0;
    }

    /** True if the kind would be different without these rows. */
    dependsOn(rows: ReadonlySet<number>): boolean {
        const other = this.#decidedFrom?.decideWithout(rows, this.#rules.decimal, this.role);
        return other !== undefined && JSON.stringify(other) !== JSON.stringify(this.decided);
    }

    /** Replaces numbers that mark missing values. All rows have been added. */
    removeMarkers(rows: number): void {
        const { markedNumbers } = this.#rules;
        const list = this.numbers.firstRows(rows);
        for (let row = 0; this.kind === "number" && markedNumbers.length > 0 && row < rows; row++) {
            if (markedNumbers.includes(valueAt(list, row))) {
                this.numbers.set(row, Number.NaN);
            }
        }
    }

    /** The text in a row, if no earlier row has it, or if it is the first cell that does not fit. */
    textOnlyIn(row: number): string | undefined {
        if (this.kind === "text") {
            const entry = this.numbers.ints[row] as number;
            return this.numbers.ints.subarray(0, row).includes(entry) ? undefined : this.dictionary.text(entry);
        }
        return this.bad?.row === row ? this.bad.first : undefined;
    }

    countNumbers(rows: number): number {
        return rows - countMissing(this.numbers.firstRows(rows));
    }

    /** Memory in use, excluding the values. */
    get byteLength(): number {
        const sample = (this.#sample ?? this.#decidedFrom)?.byteLength ?? 0;
        return this.dictionary.byteLength + this.others.byteLength + sample;
    }

    #spell(row: number, bytes: Uint8Array, start: number, end: number): void {
        const { labels, ofRows } = this.spellings as NonNullable<ColumnBuilder["spellings"]>;
        ofRows.set(row, labels.add(bytes, start, end));
        if (labels.size > MAX_SPELLINGS) {
            this.spellings = undefined;
        }
    }

    /** Handles a cell that is not a number or a date. */
    #judge(row: number, bytes: Uint8Array, start: number, end: number): CellProblem | undefined {
        const text = textOf(bytes, start, end);
        if (this.#rules.isMissing(bytes, start, end)) {
            this.#countMarker(row, text);
            return undefined;
        }
        const found = this.kind === "date" ? "is not a date in a column of dates" : "is text in a column of numbers";
        const problem = { row, problem: `${JSON.stringify(text)} ${found}` };
        if (this.role !== "identifier") {
            // It is only a guess that the column holds dates, and a row without a target can be left out.
            const isOptional = !this.isDeclared && (this.kind === "date" || this.role === "target");
            this.bad ??= { count: 0, first: text, row };
            this.bad.count += this.#isAgain(row) ? 0 : 1;
            return this.#rules.badCells === "stop" && !isOptional ? problem : undefined;
        }
        const before = this.others.size;
        this.others.add(bytes, start, end);
        if (this.others.size === before && !this.#isAgain(row)) {
            return this.firstOther;
        }
        this.firstOther ??= problem;
        return undefined;
    }

    #countMarker(row: number, text: string): void {
        if (!this.#isAgain(row)) {
            this.markers.set(text, (this.markers.get(text) ?? 0) + 1);
        }
    }

    /** True if the last cell that was not a number or a date was in the same row, which is added again. */
    #isAgain(row: number): boolean {
        const again = row === this.#lastOddRow;
        this.#lastOddRow = row;
        return again;
    }
}

function describeOpen(text: string): string {
    return (
        `${JSON.stringify(text)} can be read in two ways, because nothing else in the file shows whether its mark separates ` +
        `thousands or decimals; set \`decimal\` to "," or "."`
    );
}
