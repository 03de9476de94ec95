import { invalid } from "./errors";

/** Maximum page size for most lists. */
const MAX_RESULTS = 1000;

/**
 * Reads a boolean query parameter. Google accepts any capitalisation (the Python client sends `True`) and digits.
 *
 * @returns `fallback` if the parameter is absent
 * @throws ApiError 400 for a value that is neither true nor false
 */
export function readBoolean(query: URLSearchParams, name: string, fallback: boolean): boolean {
    const value = query.get(name)?.toLowerCase();
    switch (value) {
        case undefined:
        case "":
            return fallback;
        case "true":
        case "1":
            return true;
        case "false":
        case "0":
            return false;
        default:
            throw invalid(`Invalid value "${value}" for ${name}: it must be true or false.`, name);
    }
}

/**
 * Reads the page size.
 *
 * @returns `largest` if the size is absent, 0 or larger than `largest`
 * @throws ApiError 400 for anything but a whole number
 */
export function readMaxResults(value: string | null, largest = MAX_RESULTS): number {
    if (value === null || value === "") {
        return largest;
    }
    const size = Number(value);
    if (!Number.isInteger(size) || size < 0) {
        throw invalid(`Invalid value "${value}" for maxResults: it must be a whole number.`, "maxResults");
    }
    return size === 0 ? largest : Math.min(size, largest);
}

/** Rules for splitting a list into pages. */
export interface Paging<T> {
    /** Query parameter that sets the page size. */
    readonly size: "maxResults" | "pageSize";
    readonly largest?: number;
    /** Sort key for the items. The page token is the key of the last item on the page. */
    readonly key: (item: T) => string;
}

/** Returns one page of a list, with the token for the next page unless this is the last. */
export function pageOf<T>(
    query: URLSearchParams,
    items: readonly T[],
    { size, largest, key }: Paging<T>,
): { readonly page: readonly T[]; readonly nextPageToken?: string } {
    const after = query.get("pageToken") ?? "";
    const remaining = items.filter((item) => key(item) > after);
    const page = remaining.slice(0, readMaxResults(query.get(size), largest));
    const last = page.at(-1);
    return last === undefined || page.length === remaining.length ? { page } : { page, nextPageToken: key(last) };
}
