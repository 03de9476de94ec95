import { invalid, unimplemented } from "../http/errors";
import { readMaxResults } from "../http/query";
import type { Resource } from "./collection";
import { selfLink } from "./links";

/** A page of resources in the format that Google's API uses. */
interface ResourceList<T> {
    readonly kind: string;
    readonly id: string;
    readonly selfLink: string;
    readonly items?: readonly T[];
    readonly nextPageToken?: string;
}

/** Maximum and default number of items on a page. */
const MAX_RESULTS = 500;

/**
 * Creates the response to a list request.
 *
 * @param query the request's query parameters: maxResults, pageToken, filter (`field=value`, `field!=value`, or
 *     `field eq pattern` and `field ne pattern` with a regular expression, joined by AND), orderBy (name)
 * @param items ordered by their keys
 * @param keyOf returns the key of an item, by default its name
 * @throws ApiError 400 for an invalid page token, 501 for any other filter or order
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/list
 */
export function listOf<T extends Resource>(
    query: URLSearchParams,
    kind: string,
    path: string,
    items: readonly T[],
    keyOf: (item: T) => string = ({ name }) => name,
): ResourceList<T> {
    const order = query.get("orderBy") ?? "";
    if (!/^(name( asc)?)?$/.test(order)) {
        throw unimplemented(`orderBy "${order}" (only "name" is supported)`);
    }
    const after = readPageToken(query.get("pageToken") ?? "");
    const matches = readFilter(query.get("filter") ?? "");
    const left = items.filter((item) => keyOf(item) > after && matches(item));
    const page = left.slice(0, readMaxResults(query.get("maxResults"), MAX_RESULTS));
    const last = page.at(-1);
    return {
        kind,
        id: path,
        selfLink: selfLink(path),
        ...(page.length === 0 ? {} : { items: page }),
        ...(last === undefined || page.length === left.length
            ? {}
            : { nextPageToken: Buffer.from(keyOf(last)).toString("base64url") }),
    };
}

function readPageToken(token: string): string {
    const name = Buffer.from(token, "base64url").toString();
    if (!/^([a-z][-a-z0-9/]*)?$/.test(name)) {
        throw invalid(`Invalid value for field 'pageToken': '${token}'.`, "pageToken");
    }
    return name;
}

function readFilter(filter: string): (item: object) => boolean {
    if (filter.trim() === "") {
        return () => true;
    }
    const conditions = filter.split(/\s+AND\s+/).map((text) => {
        const match = /^\(?\s*([\w.-]+)\s*(=|!=)\s*"?([^"()<>*:]*?)"?\s*\)?$/.exec(text);
        const pattern = /^\(?\s*([\w.-]+)\s+(eq|ne)\s+"?([^"()<>:]*?)"?\s*\)?$/.exec(text);
        const [, field = "", operator = "", value = ""] = match ?? pattern ?? [];
        if (field === "") {
            throw unimplemented(
                `the filter "${filter}" (only field=value, field!=value, and field eq or ne a pattern, joined by AND, are supported)`,
            );
        }
        const matches = pattern === null ? (found: string) => found === value : wholeMatch(value);
        return { names: field.split("."), isEqual: operator === "=" || operator === "eq", matches };
    });
    return (item) =>
        conditions.every(({ names, isEqual, matches }) => matches(String(memberAt(item, names) ?? "")) === isEqual);
}

/** A pattern has to match the entire value. @throws ApiError 400 for an invalid one */
function wholeMatch(pattern: string): (value: string) => boolean {
    try {
        const regex = new RegExp(`^(?:${pattern})$`);
        return (value) => regex.test(value);
    } catch {
        throw invalid(`Invalid value for field 'filter': '${pattern}'.`, "filter");
    }
}

function memberAt(item: unknown, names: readonly string[]): unknown {
    return names.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], item);
}
