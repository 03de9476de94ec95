/** Bytes from `start` to `end` inclusive. */
export interface ByteRange {
    readonly start: number;
    readonly end: number;
}

/**
 * One range of RFC 9110 §14.1.2 in a header `Range`. Several ranges and invalid ones are ignored, as the RFC allows.
 *
 * @returns undefined for the whole content
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
