import type { PredictedRows, RowProblem } from "./predict-rows";

/** More problems than this are counted only. */
const MAX_SHOWN = 20;

/** Counts rows, and shows what is wrong with some as they pass. */
export class ProblemReport {
    rows = 0;
    failedRows = 0;
    #problems = 0;

    readonly #source: string;
    readonly #note: (line: string) => void;

    constructor(source: string, note: (line: string) => void) {
        this.#source = source;
        this.#note = note;
    }

    /** The same rows, noted. */
    async *watch(pieces: AsyncIterable<PredictedRows>): AsyncGenerator<PredictedRows, void> {
        for await (const piece of pieces) {
            this.rows += piece.rows.length;
            this.failedRows += piece.errors.filter((error) => error !== undefined).length;
            for (const problem of piece.problems) {
                this.#problems += 1;
                if (this.#problems <= MAX_SHOWN) {
                    this.#note(this.#describe(problem));
                }
            }
            yield piece;
        }
    }

    /** Says how much was not shown. */
    end(): void {
        const more = this.#problems - MAX_SHOWN;
        if (more > 0) {
            this.#note(`${more} more ${more === 1 ? "problem is" : "problems are"} in the output's prediction_error`);
        }
    }

    #describe({ line, column, text }: RowProblem): string {
        const place = column === undefined ? `row ${line}` : `row ${line}, column ${JSON.stringify(column)}`;
        return `${this.#source} ${place}: ${text}`;
    }
}
