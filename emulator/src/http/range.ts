/** The bytes from `start` to `end` inclusive. */
export interface ByteRange {
    readonly start: number;
    readonly end: number;
}

/**
 * Parses a `Range` header with a single range (RFC 9110 §14.1.2). As the RFC allows, multiple and invalid ranges are
 * ignored.
 *
 * @returns undefined for the complete content
 */
export function parseRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
    const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
    const [, first = "", last = ""] = match ?? [];
    if (match === null || (first === "" && last === "")) {
        return undefined;
    }
    const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
    const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
    if (first !== "" && last !== "" && Number(last) < start) {
        return undefined;
    }
    return start >= size ? "unsatisfiable" : { start, end };
}
