/**
 * Writes the wire format of Protocol Buffers: https://protobuf.dev/programming-guides/encoding/. docs/adr/0007-onnx.md
 * explains why no library is used. The length of each field is known before any of its bytes are written, so a message
 * is written once, into memory of the right size, however deeply it is nested.
 */

/** A field in a message with its number, or several fields with the same number. */
export interface Field {
    /** Length in bytes, including tags and length prefixes. */
    readonly length: number;
    write(target: Target): void;
}

/** The fields in a message, in the order in which they are written. */
export type Message = readonly Field[];

/** The message written so far. */
interface Target {
    readonly bytes: Uint8Array;
    readonly view: DataView;
    position: number;
}

/** Wire types, in the lowest three bits of a tag. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

const utf8 = new TextEncoder();

/** Length of a message in bytes. */
export function lengthOf(fields: Message): number {
    return fields.reduce((sum, field) => sum + field.length, 0);
}

/** A message as bytes. */
export function encode(fields: Message): Uint8Array {
    const bytes = new Uint8Array(lengthOf(fields));
    const target = { bytes, view: new DataView(bytes.buffer), position: 0 };
    for (const field of fields) {
        field.write(target);
    }
    return bytes;
}

/** An integer or enum value, 0 to 2^31 - 1. */
export function integer(number: number, value: number): Field {
    const tag = tagOf(number, VARINT);
    return {
        length: varintLength(tag) + varintLength(value),
        write(target) {
            writeVarint(target, tag);
            writeVarint(target, value);
        },
    };
}

/** Text in UTF-8. */
export function text(number: number, value: string): Field {
    const bytes = utf8.encode(value);
    return delimited(number, bytes.length, (target) => {
        target.bytes.set(bytes, target.position);
        target.position += bytes.length;
    });
}

export function texts(number: number, values: readonly string[]): Field {
    return choices(number, values, [...values.keys()]);
}

/** A repeated field of strings with only a few distinct values, each given as an index into `values`. */
export function choices(number: number, values: readonly string[], indices: ArrayLike<number>): Field {
    const fields = values.map((value) => text(number, value));
    let length = 0;
    for (let index = 0; index < indices.length; index++) {
        length += (fields[indices[index] as number] as Field).length;
    }
    return {
        length,
        write(target) {
            for (let index = 0; index < indices.length; index++) {
                (fields[indices[index] as number] as Field).write(target);
            }
        },
    };
}

export function message(number: number, fields: Message): Field {
    return delimited(number, lengthOf(fields), (target) => {
        for (const field of fields) {
            field.write(target);
        }
    });
}

/**
 * A repeated field of integers, 0 to 2^31 - 1, packed. Every parser accepts this, however the field is declared, and it
 * saves one byte per integer.
 */
export function integers(number: number, values: ArrayLike<number>): Field {
    let length = 0;
    for (let index = 0; index < values.length; index++) {
        length += varintLength(values[index] as number);
    }
    return delimited(number, length, (target) => {
        for (let index = 0; index < values.length; index++) {
            writeVarint(target, values[index] as number);
        }
    });
}

/** A repeated field of numbers rounded to 32 bits, packed. */
export function floats(number: number, values: readonly number[]): Field {
    return delimited(number, 4 * values.length, (target) => {
        for (const value of values) {
            target.view.setFloat32(target.position, value, true);
            target.position += 4;
        }
    });
}

/** A repeated field of 64-bit numbers, packed. */
export function doubles(number: number, values: ArrayLike<number>): Field {
    return delimited(number, 8 * values.length, (target) => {
        for (let index = 0; index < values.length; index++) {
            target.view.setFloat64(target.position, values[index] as number, true);
            target.position += 8;
        }
    });
}

function delimited(number: number, contentLength: number, writeContent: (target: Target) => void): Field {
    const tag = tagOf(number, LENGTH_DELIMITED);
    return {
        length: varintLength(tag) + varintLength(contentLength) + contentLength,
        write(target) {
            writeVarint(target, tag);
            writeVarint(target, contentLength);
            writeContent(target);
        },
    };
}

function tagOf(number: number, type: number): number {
    return number * 8 + type;
}

/** Correct up to 2^35, well above any value written. */
function varintLength(value: number): number {
    return value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5;
}

/** Seven bits per byte, the lowest first; the eighth bit indicates that more follow. Supports 0 to 2^31 - 1. */
function writeVarint(target: Target, value: number): void {
    let rest = value;
    while (rest > 127) {
        target.bytes[target.position++] = (rest & 127) | 128;
        rest >>>= 7;
    }
    target.bytes[target.position++] = rest;
}
