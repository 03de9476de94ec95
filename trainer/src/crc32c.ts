import { CRC32C, type CRC32CValidator } from "@google-cloud/storage";

/** The effect of each byte value on the checksum, at each of eight positions. */
const TABLES = makeTables();

/**
 * CRC32C of a download. The client's own implementation takes about as long as reading the numbers: 0.36 s for 88 MB.
 * This one takes 0.05 s, because it processes eight bytes at a time: M. E. Kounavis, F. L. Berry, A Systematic Approach
 * to Building High Performance Software-Based CRC Generators, 2005.
 */
export class FastCrc32c implements CRC32CValidator {
    #value = 0;

    update(data: Buffer): void {
        const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
        let crc = ~this.#value;
        let at = 0;
        for (; at + 8 <= data.length; at += 8) {
            crc ^=
                byteAt(data, at) |
                (byteAt(data, at + 1) << 8) |
                (byteAt(data, at + 2) << 16) |
                (byteAt(data, at + 3) << 24);
            crc =
                lookUp(t7, crc) ^
                lookUp(t6, crc >>> 8) ^
                lookUp(t5, crc >>> 16) ^
                lookUp(t4, crc >>> 24) ^
                lookUp(t3, byteAt(data, at + 4)) ^
                lookUp(t2, byteAt(data, at + 5)) ^
                lookUp(t1, byteAt(data, at + 6)) ^
                lookUp(t0, byteAt(data, at + 7));
        }
        for (; at < data.length; at++) {
            crc = lookUp(t0, crc ^ byteAt(data, at)) ^ (crc >>> 8);
        }
        this.#value = ~crc;
    }

    /** Compares the result with a checksum in Cloud Storage's format: four big-endian bytes in base64. */
    validate(checksum: string): boolean {
        return checksum === this.toString();
    }

    toString(): string {
        const bytes = Buffer.alloc(4);
        bytes.writeInt32BE(this.#value);
        return bytes.toString("base64");
    }
}

type Tables = [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];

function makeTables(): Tables {
    const first = CRC32C.CRC32C_EXTENSION_TABLE;
    const tables = [first];
    while (tables.length < 8) {
        const last = tables.at(-1) as Int32Array;
        tables.push(last.map((value) => (value >>> 8) ^ lookUp(first, value)));
    }
    return tables as Tables;
}

function lookUp(table: Int32Array, index: number): number {
    return table[index & 255] as number;
}

function byteAt(data: Uint8Array, at: number): number {
    return data[at] as number;
}
