import { invalid } from "./errors";

/** Largest page of most lists. */
const MAX_RESULTS = 1000;

/**
 * A boolean query parameter. Google accepts it in any case (the Python client sends `True`) and as a digit.
 *
 * @returns `fallback` when it is not given
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
 * The size of a page.
 *
 * @returns `largest` when no size, 0 or a larger one is given
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

/** How a list is cut into pages. */
export interface Paging<T> {
    /** Query parameter of the page size. */
    readonly size: "maxResults" | "pageSize";
    readonly largest?: number;
    /** Key that the items are ordered by. The page token is the key of the last item. */
    readonly key: (item: T) => string;
}

/** One page of a list, and the token of the next page unless it is the last. */
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
