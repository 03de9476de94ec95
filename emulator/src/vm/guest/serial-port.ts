import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync } from "node:fs";
import path from "node:path";

/** Google keeps the last megabyte of each port's output. */
const RETAINED_BYTES = 1024 * 1024;

/** A piece of serial output. Positions count bytes since the VM was created. */
export interface SerialOutput {
    readonly contents: string;
    /** Position of the first byte of `contents`, which is later than requested if older output has been dropped. */
    readonly start: number;
    /** Position at which to continue reading. */
    readonly next: number;
}

/** Serial port 1 of a VM, stored in a file to which every boot appends. */
export class SerialPort {
    #bootedAtMs = Date.now();

    readonly #file: string;

    constructor(file: string) {
        this.#file = file;

        mkdirSync(path.dirname(file), { recursive: true });
        appendFileSync(file, "");
    }

    /** Restarts the clock that counts the seconds since boot. */
    powerOn(): void {
        this.#bootedAtMs = Date.now();
    }

    /** Writes one line in the format that the kernel and systemd use: seconds since boot, source, text. */
    write(source: string, line: string): void {
        const seconds = ((Date.now() - this.#bootedAtMs) / 1000).toFixed(6).padStart(12);
        appendFileSync(this.#file, `[${seconds}] ${source}: ${line}\n`);
    }

    /** Appends console output unchanged. */
    append(text: string): void {
        appendFileSync(this.#file, text);
    }

    /** Reads from a byte position. A negative position counts from the end. */
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
