import { invalid } from "../http/errors";
import { readBoolean, readMaxResults } from "../http/query";
import { compareUtf8, type ObjectNames, type StoredObject } from "./object-index";

/** Parameters for objects.list: https://cloud.google.com/storage/docs/json_api/v1/objects/list */
export interface ListQuery {
    readonly prefix: string;
    /** Empty if there is no delimiter. */
    readonly delimiter: string;
    readonly includeTrailingDelimiter: boolean;
    /** First included name; empty if there is no limit. */
    readonly startOffset: string;
    /** First excluded name; empty if there is no limit. */
    readonly endOffset: string;
    /** True to include noncurrent versions. */
    readonly versions: boolean;
    /** Maximum total number of items and prefixes on one page. */
    readonly maxResults: number;
    readonly pageToken: string | undefined;
}

/** One page of a listing. */
export interface ObjectPage {
    readonly items: readonly StoredObject[];
    readonly prefixes: readonly string[];
    readonly nextPageToken?: string;
}

/** An entry in the listing: an object, or a prefix that represents several. */
interface Entry {
    /** Object name or prefix. */
    readonly key: string;
    readonly object?: StoredObject;
}

/** The position after the last entry on a page. */
interface Position {
    readonly key: string;
    /** Generation of an object; absent for a prefix. */
    readonly generation?: string | undefined;
}

/** Parses the query for objects.list. @param isDeleted true for deleted objects, which include noncurrent versions */
export function readListQuery(query: URLSearchParams, isDeleted = false): ListQuery {
    return {
        prefix: query.get("prefix") ?? "",
        delimiter: query.get("delimiter") ?? "",
        includeTrailingDelimiter: readBoolean(query, "includeTrailingDelimiter", false),
        startOffset: query.get("startOffset") ?? "",
        endOffset: query.get("endOffset") ?? "",
        versions: isDeleted || readBoolean(query, "versions", false),
        maxResults: readMaxResults(query.get("maxResults")),
        pageToken: query.get("pageToken") || undefined,
    };
}

/** Returns one page of a listing, in time that depends on the size of the page and not on the size of the bucket. */
export function listObjects(names: ObjectNames, query: ListQuery): ObjectPage {
    const after = query.pageToken === undefined ? undefined : parseToken(query.pageToken);
    const page: Entry[] = [];
    for (const entry of entriesAfter(names, query, after)) {
        const last = page.at(-1);
        if (last !== undefined && page.length === query.maxResults) {
            return { ...contentOf(page), nextPageToken: toToken(last) };
        }
        page.push(entry);
    }
    return contentOf(page);
}

function contentOf(page: readonly Entry[]): ObjectPage {
    return {
        items: page.flatMap(({ object }) => object ?? []),
        prefixes: page.filter(({ object }) => object === undefined).map(({ key }) => key),
    };
}

function* entriesAfter(names: ObjectNames, query: ListQuery, after: Position | undefined): Generator<Entry> {
    const start = [query.prefix, query.startOffset, after?.key ?? ""].reduce((one, other) =>
        compareUtf8(one, other) < 0 ? other : one,
    );
    let lastPrefix = after?.key;
    let index = names.seek(start);
    for (let versions = names.at(index); versions !== undefined; versions = names.at(index)) {
        const name = versions[0]?.name ?? "";
        if (!name.startsWith(query.prefix) || (query.endOffset !== "" && compareUtf8(name, query.endOffset) >= 0)) {
            return;
        }
        index++;
        const listed = versions.filter((version) => isListed(version, query, after));
        if (listed.length === 0) {
            continue;
        }
        const end = query.delimiter === "" ? -1 : name.indexOf(query.delimiter, query.prefix.length);
        const key = end < 0 ? name : name.slice(0, end + query.delimiter.length);
        if (end >= 0) {
            if (lastPrefix !== key) {
                lastPrefix = key;
                yield { key };
            }
            index = names.seekPast(key);
        }
        if (end < 0 || (query.includeTrailingDelimiter && name === key)) {
            yield* listed.map((object) => ({ key: name, object }));
        }
    }
}

/** Tests whether a version belongs to the listing and was not on an earlier page. */
function isListed(version: StoredObject, query: ListQuery, after: Position | undefined): boolean {
    const isBefore = version.name === after?.key && version.generation <= (after.generation ?? "");
    return !isBefore && (query.versions || version.timeDeleted === undefined);
}

function toToken(entry: Entry): string {
    const position: Position = { key: entry.key, generation: entry.object?.generation };
    return Buffer.from(JSON.stringify(position)).toString("base64url");
}

function parseToken(token: string): Position {
    try {
        const { key, generation } = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as Partial<Position>;
        if (typeof key === "string" && (generation === undefined || typeof generation === "string")) {
            return { key, generation };
        }
    } catch {
        // An unreadable token is reported by the error below.
    }
    throw invalid("Invalid pageToken: take it from nextPageToken of the previous page.", "pageToken");
}
