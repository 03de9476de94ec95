import { MISSING_INT, type NumberList, POWERS_OF_TEN, toDoubles } from "./number-list";
import { enlarge } from "./shared-memory";

/** The largest magnitude of a stored integer. The next larger integer represents a missing number. */
const MAX_INT = MISSING_INT - 1;

/** Takes the place of the number of decimals when the list holds doubles. */
const DOUBLES = -1;

/**
 * A list of numbers that grows row by row. It holds integers, scaled by the number of decimals needed so far, until a
 * number does not fit exactly; from then on it holds doubles. Rows arrive in order, but the last one may be repeated.
 */
export class GrowingNumbers {
    /** Number of decimals that the integers represent, from 0 to 22; negative if the list holds doubles. */
    decimals = 0;
    /** The integers, unless the list holds doubles. A caller whose integer has the same scale may write it directly. */
    ints: Int32Array = new Int32Array(0);
    #doubles = new Float64Array(0) as Float64Array;
    /** Number of rows for which memory is allocated. */
    #capacity = 0;

    reserve(rows: number): void {
        this.#capacity = rows;
        if (this.decimals === DOUBLES) {
            this.#doubles = enlarge(this.#doubles, rows);
        } else {
            this.ints = enlarge(this.ints, rows);
        }
    }

    get bytesPerValue(): number {
        return this.decimals === DOUBLES ? Float64Array.BYTES_PER_ELEMENT : Int32Array.BYTES_PER_ELEMENT;
    }

    /** Writes a number, or NaN for a missing one. All earlier rows must have been written. Minus zero becomes zero. */
    set(row: number, value: number): void {
        if (this.decimals !== DOUBLES && !this.#setInt(row, value)) {
            this.#holdDoubles(row);
        }
        if (this.decimals === DOUBLES) {
            this.#doubles[row] = value + 0;
        }
    }

    /** Returns the first rows, as a view of memory that may be larger. */
    firstRows(rows: number): NumberList {
        return this.decimals === DOUBLES
            ? this.#doubles.subarray(0, rows)
            : { ints: this.ints.subarray(0, rows), scale: POWERS_OF_TEN[this.decimals] as number };
    }

    /** Returns false if no integer with the same number of decimals as the others represents the value exactly. */
    #setInt(row: number, value: number): boolean {
        if (Number.isNaN(value)) {
            this.ints[row] = MISSING_INT;
            return true;
        }
        for (let { decimals } = this; decimals < POWERS_OF_TEN.length; decimals++) {
            const scale = POWERS_OF_TEN[decimals] as number;
            // If the quotient is correct, the product is off by less than 2^-20, so rounding gives the correct integer.
            const int = Math.round(value * scale);
            if (!(Math.abs(int) <= MAX_INT)) {
                return false;
            }
            if (int / scale === value) {
                if (decimals > this.decimals && !this.#rescale(row, decimals)) {
                    return false;
                }
                this.ints[row] = int;
                return true;
            }
        }
        return false;
    }

    /**
     * Rescales the earlier rows to more decimals. Returns false, and changes nothing, if they would become too large.
     */
    #rescale(rows: number, decimals: number): boolean {
        const factor = POWERS_OF_TEN[decimals - this.decimals] as number;
        const most = Math.floor(MAX_INT / factor);
        const { ints } = this;
        for (let row = 0; row < rows; row++) {
            const int = ints[row] as number;
            if (int !== MISSING_INT && Math.abs(int) > most) {
                return false;
            }
        }
        for (let row = 0; row < rows; row++) {
            const int = ints[row] as number;
            ints[row] = int === MISSING_INT ? int : int * factor;
        }
        this.decimals = decimals;
        return true;
    }

    #holdDoubles(rows: number): void {
        this.#doubles = toDoubles(this.firstRows(rows), this.#capacity, rows);
        this.ints = new Int32Array(0);
        this.decimals = DOUBLES;
    }
}
