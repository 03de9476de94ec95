import { countOf, plural } from "../shared/text";
import type { PredictedRows, RowProblem } from "./predict-rows";

/** Maximum number of problems to report; any further problems are only counted. */
const MAX_SHOWN = 20;

/** Counts rows and reports their problems as they pass through. */
export class ProblemReport {
    rows = 0;
    failedRows = 0;
    notedRows = 0;
    #problems = 0;

    readonly #source: string;
    readonly #report: (line: string) => void;

    constructor(source: string, report: (line: string) => void) {
        this.#source = source;
        this.#report = report;
    }

    /** Passes the rows through and reports their problems. */
    async *watch(batches: AsyncIterable<PredictedRows>): AsyncGenerator<PredictedRows, void> {
        for await (const batch of batches) {
            this.rows += batch.rows.length;
            this.failedRows += batch.errors.filter((error) => error !== undefined).length;
            this.notedRows += batch.notes.filter((note) => note !== undefined).length;
            for (const problem of batch.problems) {
                this.#problems += 1;
                if (this.#problems <= MAX_SHOWN) {
                    this.#report(this.#describe(problem));
                }
            }
            yield batch;
        }
    }

    /** Reports the number of problems that were not shown. */
    end(): void {
        const more = this.#problems - MAX_SHOWN;
        if (more > 0) {
            const problems = countOf(more, "more problem", "more problems");
            this.#report(`${problems} ${plural(more, "is", "are")} in the output's prediction_error`);
        }
    }

    #describe({ line, column, text }: RowProblem): string {
        const position = column === undefined ? `row ${line}` : `row ${line}, column ${JSON.stringify(column)}`;
        return `${this.#source} ${position}: ${text}`;
    }
}
