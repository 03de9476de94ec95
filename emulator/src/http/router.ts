import { match } from "path-to-regexp";
import { type ErrorStyle, invalid, unimplemented } from "./errors";
import type { Handler } from "./types";

/** Names of the parameters in a pattern: `/b/:bucket/o/:object` has `bucket` and `object`. */
export type ParamsOf<Pattern extends string> = Readonly<Record<ParamNames<Pattern>, string>>;
type ParamNames<Pattern extends string> = Pattern extends `${infer Head}/${infer Tail}`
    ? ParamNames<Head> | ParamNames<Tail>
    : Pattern extends `:${infer Name}\\:${string}`
      ? Name
      : Pattern extends `:${infer Name}`
        ? Name
        : Pattern extends `*${infer Name}`
          ? Name
          : never;

/** Options for a route besides its path. */
export interface RouteOptions {
    /**
     * Query parameters accepted in addition to Google's system parameters. Default: none. Any other parameter results
     * in a 501.
     */
    readonly query?: readonly string[];
    /**
     * True to serve callers without a credential too (console page, registry challenge). Default: false, so they get
     * 401.
     */
    readonly public?: boolean;
    /** Format of the errors. Default: the one that the path suggests. */
    readonly errors?: ErrorStyle;
}

/** One route, created by `route`. */
export interface Route {
    readonly method: string;
    readonly pattern: string;
    readonly handler: Handler<Readonly<Record<string, string>>>;
    readonly options: RouteOptions;
}

/**
 * Declares a route.
 *
 * @param pattern path-to-regexp pattern for the raw path. A parameter never spans a `/`, but may contain `%2F`. A
 *     `*name` spans several segments. A literal colon, as in Google's custom verbs, is escaped:
 *     `/v1/projects/:project\\:getIamPolicy`.
 */
export function route<Pattern extends string>(
    method: string,
    pattern: Pattern,
    handler: Handler<ParamsOf<Pattern>>,
    options: RouteOptions = {},
): Route {
    // The router sets exactly the names in the pattern, so the narrower parameter type is correct.
    return { method, pattern, handler: handler as Route["handler"], options };
}

/** Returns the same routes under a path prefix. */
export function mount(prefix: string, routes: readonly Route[]): Route[] {
    return routes.map((entry) => ({ ...entry, pattern: prefix + entry.pattern }));
}

/**
 * https://cloud.google.com/apis/docs/system-parameters, and Cloud Storage's `userProject` and `uploadType`. The other
 * parameters on that page (callback, access_token, $.xgafv ...) are not supported and result in a 501.
 */
const SYSTEM_PARAMETERS = new Set([
    "$alt",
    "alt",
    "fields",
    "key",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "userIp",
    "userProject",
]);

/** The route that serves a request. */
export interface Match {
    readonly route: Route;
    readonly params: Readonly<Record<string, string>>;
}

interface CompiledRoute {
    readonly route: Route;
    readonly matches: (path: string) => false | { params: Partial<Record<string, string | string[]>> };
    readonly hasVerb: boolean;
}

/** Finds the first declared route that matches the method and path of a request. */
export class Router {
    readonly #compiled: readonly CompiledRoute[];

    constructor(routes: readonly Route[]) {
        this.#compiled = routes.map((entry) => ({
            route: entry,
            matches: match(entry.pattern, { decode: false, sensitive: true }),
            hasVerb: entry.pattern.includes("\\:"),
        }));
    }

    /**
     * Finds the route for a request.
     * @throws ApiError 501 for an unknown route or query parameter, 400 for invalid percent-encoding
     */
    find(method: string, path: string, query: URLSearchParams): Match {
        // `/v1/projects/p:undelete` must not match the project "p:undelete".
        const customVerb = path.startsWith("/v1/") && /:[a-z][A-Za-z]{2,40}$/.test(path);
        for (const { route: found, matches, hasVerb } of this.#compiled) {
            if (found.method !== method || (customVerb && !hasVerb)) {
                continue;
            }
            const matched = matches(path);
            if (matched !== false) {
                requireKnownQuery(found, query, `${method} ${path}`);
                return { route: found, params: decodeParams(matched.params) };
            }
        }
        throw unimplemented(`${method} ${path}`);
    }
}

function requireKnownQuery(found: Route, query: URLSearchParams, where: string): void {
    for (const name of query.keys()) {
        if (!SYSTEM_PARAMETERS.has(name) && !found.options.query?.includes(name)) {
            throw unimplemented(`query parameter "${name}" of ${where}`);
        }
    }
}

function decodeParams(raw: Partial<Record<string, string | string[]>>): Record<string, string> {
    const params: Record<string, string> = {};
    for (const [name, value] of Object.entries(raw)) {
        if (typeof value === "string") {
            params[name] = decodeSegment(value);
        }
    }
    return params;
}

function decodeSegment(value: string): string {
    try {
        return decodeURIComponent(value);
    } catch (error) {
        if (error instanceof URIError) {
            throw invalid(`Path segment "${value}" is not valid percent-encoding.`);
        }
        throw error;
    }
}
