import { invalid } from "../http/errors";
import { readBoolean, readMaxResults } from "../http/query";
import { compareUtf8, type StoredObject } from "./object-index";

/** Parameters of objects.list: https://cloud.google.com/storage/docs/json_api/v1/objects/list */
export interface ListQuery {
    readonly prefix: string;
    /** Empty for no delimiter. */
    readonly delimiter: string;
    readonly includeTrailingDelimiter: boolean;
    /** First included name; empty for no limit. */
    readonly startOffset: string;
    /** First excluded name; empty for no limit. */
    readonly endOffset: string;
    /** Whether noncurrent versions are included. */
    readonly versions: boolean;
    /** Maximum total of items and prefixes on one page. */
    readonly maxResults: number;
    readonly pageToken: string | undefined;
}

/** One page of a listing. */
export interface ObjectPage {
    readonly items: readonly StoredObject[];
    readonly prefixes: readonly string[];
    readonly nextPageToken?: string;
}

/** An entry of the listing: an object, or a prefix that represents several. */
interface Entry {
    /** Object name or prefix. */
    readonly key: string;
    readonly object?: StoredObject;
}

/** The position after the last entry of a page. */
interface Position {
    readonly key: string;
    /** Generation of an object; absent for a prefix. */
    readonly generation?: string | undefined;
}

/** Parses the query of objects.list. */
export function readListQuery(query: URLSearchParams): ListQuery {
    return {
        prefix: query.get("prefix") ?? "",
        delimiter: query.get("delimiter") ?? "",
        includeTrailingDelimiter: readBoolean(query, "includeTrailingDelimiter", false),
        startOffset: query.get("startOffset") ?? "",
        endOffset: query.get("endOffset") ?? "",
        versions: readBoolean(query, "versions", false),
        maxResults: readMaxResults(query.get("maxResults")),
        pageToken: query.get("pageToken") || undefined,
    };
}

/**
 * Extracts one page from a listing.
 *
 * @param objects every version in the bucket, ordered by name (UTF-8 bytes), then generation
 */
export function listObjects(objects: readonly StoredObject[], query: ListQuery): ObjectPage {
    const after = query.pageToken === undefined ? undefined : parseToken(query.pageToken);
    const entries = rollUp(objects, query).filter((entry) => after === undefined || isAfter(entry, after));
    const page = entries.slice(0, query.maxResults);
    const last = page.at(-1);
    return {
        items: page.flatMap(({ object }) => object ?? []),
        prefixes: page.filter(({ object }) => object === undefined).map(({ key }) => key),
        ...(last !== undefined && page.length < entries.length ? { nextPageToken: toToken(last) } : {}),
    };
}

function rollUp(objects: readonly StoredObject[], query: ListQuery): Entry[] {
    const entries: Entry[] = [];
    let lastPrefix: string | undefined;
    for (const object of objects) {
        const { name } = object;
        const outside =
            !name.startsWith(query.prefix) ||
            (query.startOffset !== "" && compareUtf8(name, query.startOffset) < 0) ||
            (query.endOffset !== "" && compareUtf8(name, query.endOffset) >= 0);
        if (outside || (!query.versions && object.timeDeleted !== undefined)) {
            continue;
        }
        const end = query.delimiter === "" ? -1 : name.indexOf(query.delimiter, query.prefix.length);
        if (end >= 0) {
            const key = name.slice(0, end + query.delimiter.length);
            if (lastPrefix !== key) {
                lastPrefix = key;
                entries.push({ key });
            }
            if (!query.includeTrailingDelimiter || name !== key) {
                continue;
            }
        }
        entries.push({ key: name, object });
    }
    return entries;
}

function isAfter(entry: Entry, position: Position): boolean {
    const order = compareUtf8(entry.key, position.key);
    if (order !== 0) {
        return order > 0;
    }
    // The prefix "a/" precedes the object "a/".
    return (entry.object?.generation ?? "") > (position.generation ?? "");
}

function toToken(entry: Entry): string {
    const position: Position = { key: entry.key, generation: entry.object?.generation };
    return Buffer.from(JSON.stringify(position)).toString("base64url");
}

function parseToken(token: string): Position {
    try {
        return JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as Position;
    } catch {
        throw invalid("Invalid pageToken: use nextPageToken of the previous page.", "pageToken");
    }
}
