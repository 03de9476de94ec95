/** The line of the file that each row begins on. Only rows that do not follow their predecessor directly take memory. */
export class LineNumbers {
    /** Off: lines can no longer be asked for. */
    recording = true;
    readonly #rows: number[] = [];
    readonly #lines: number[] = [];
    #lastRow = -1;
    #lastLine = -1;

    /** Rows are told in their order. */
    add(row: number, line: number): void {
        if (this.recording && line - this.#lastLine !== row - this.#lastRow) {
            this.#rows.push(row);
            this.#lines.push(line);
        }
        this.#lastRow = row;
        this.#lastLine = line;
    }

    lineOf(row: number): number {
        let low = 0;
        let high = this.#rows.length;
        while (high - low > 1) {
            const middle = (low + high) >>> 1;
            if ((this.#rows[middle] as number) <= row) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (this.#lines[low] ?? 1) + row - (this.#rows[low] ?? 0);
    }
}
