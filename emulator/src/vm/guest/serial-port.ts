import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync } from "node:fs";
import path from "node:path";

/** Google keeps the last megabyte of each port. */
const RETAINED_BYTES = 1024 * 1024;

/** A piece of serial output; positions count bytes since the VM was made. */
export interface SerialOutput {
    readonly contents: string;
    /** Position of the first byte of `contents`: later than asked for if that has been dropped. */
    readonly start: number;
    /** Where to go on reading. */
    readonly next: number;
}

/** Serial port 1 of a VM: a file that every boot adds to. */
export class SerialPort {
    #bootedAtMs = Date.now();

    readonly #file: string;

    constructor(file: string) {
        this.#file = file;

        mkdirSync(path.dirname(file), { recursive: true });
        appendFileSync(file, "");
    }

    /** Begins the clock of a new boot. */
    powerOn(): void {
        this.#bootedAtMs = Date.now();
    }

    /** Writes one line as the kernel and systemd do: seconds since boot, who, what. */
    write(source: string, line: string): void {
        const seconds = ((Date.now() - this.#bootedAtMs) / 1000).toFixed(6).padStart(12);
        appendFileSync(this.#file, `[${seconds}] ${source}: ${line}\n`);
    }

    /** Adds output of a console as it is. */
    append(text: string): void {
        appendFileSync(this.#file, text);
    }

    /** Reads from a byte position on; a negative one counts from the end. */
    read(from: number): SerialOutput {
        const file = openSync(this.#file, "r");
        try {
            const size = fstatSync(file).size;
            const wanted = from < 0 ? size + from : from;
            const start = Math.min(Math.max(wanted, size - RETAINED_BYTES, 0), size);
            const bytes = Buffer.alloc(size - start);
            const length = readSync(file, bytes, 0, bytes.length, start);
            return { contents: bytes.toString("utf8", 0, length), start, next: start + length };
        } finally {
            closeSync(file);
        }
    }
}
