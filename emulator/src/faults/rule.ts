import { parsePairs } from "./pairs";

/** Ways in which a network, a proxy or a server can break a request or its response. */
export const FAULT_KINDS = {
    refuse: "the port refuses connections for `ms`",
    "reset-before": "the connection is reset, and the server never sees the request",
    "reset-after": "the server acts, but the connection is reset before the response",
    status: "the response has the status code `status`, and the server never sees the request",
    "half-body": "the connection breaks halfway through the response body",
    "damaged-body": "one byte of the response body is changed",
    "truncated-body": "half of the response body is missing, and content-length matches the rest",
    "empty-body": "the response body is missing, and content-length is 0",
    html: "the response is a 200 with an HTML page, like that of a captive portal; the server never sees the request",
    duplicate: "the server receives the request twice, and the second response is returned",
    delay: "the response is delayed by `ms`",
    "damaged-request": "one byte of the request body is changed",
    "wrong-hash": "the hashes in the response headers are wrong",
} as const;

export type FaultKind = keyof typeof FAULT_KINDS;

/** One fault and the requests that it hits. */
export interface FaultRule {
    readonly kind: FaultKind;
    /** Number of the first matching request to hit, counted from 1. Default: 1. */
    readonly request: number;
    /** Number of consecutive matching requests to hit. Default: 1; `Infinity` for all. */
    readonly count: number;
    /** HTTP status for the kind `status`. Default: 503. */
    readonly status: number;
    /** Milliseconds for the kinds `delay` and `refuse`. Default: 2000. */
    readonly ms: number;
    /** HTTP method of a matching request. Default: every method. */
    readonly method: string | undefined;
    /** Text in the path and query of a matching request; a final `$` matches only at their end. Default: every path. */
    readonly path: string | undefined;
    /** Port of a matching request: the emulator's main port (`main`) or a VM's own port (`vm`). Default: both. */
    readonly port: "main" | "vm" | undefined;
}

const KEYS = ["kind", "request", "count", "status", "ms", "method", "path", "port"];
const SYNTAX = "kind=status,status=503,request=3,path=/upload/";

/**
 * Parses a rule of the form `kind=status,status=503,request=3`. A value cannot contain a comma.
 *
 * @throws Error that names the key, the actual value and the allowed values
 */
export function parseFaultRule(text: string): FaultRule {
    const values = parsePairs(text, "a fault rule", KEYS, SYNTAX);
    const kind = values.get("kind") ?? "";
    if (!Object.hasOwn(FAULT_KINDS, kind)) {
        throw new Error(`kind must be one of ${Object.keys(FAULT_KINDS).join(", ")}; got "${kind}" (${SYNTAX})`);
    }
    const port = values.get("port");
    if (port !== undefined && port !== "main" && port !== "vm") {
        throw new Error(`port must be main or vm; got "${port}" (${SYNTAX})`);
    }
    return {
        kind: kind as FaultKind,
        request: integer(values, "request", 1, 1),
        count: values.get("count") === "all" ? Number.POSITIVE_INFINITY : integer(values, "count", 1, 1),
        status: integer(values, "status", 503, 400, 599),
        ms: integer(values, "ms", 2000, 0),
        method: values.get("method")?.toUpperCase(),
        path: values.get("path"),
        port,
    };
}

function integer(values: ReadonlyMap<string, string>, key: string, otherwise: number, min: number, max = 1e9): number {
    const text = values.get(key);
    if (text === undefined) {
        return otherwise;
    }
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
        throw new Error(`${key} must be an integer from ${min} to ${max}; got "${text}" (${SYNTAX})`);
    }
    return value;
}

/** Tests whether a request is one of the emulator's own control requests, which faults never hit. */
export function isControl(path: string): boolean {
    return path.startsWith("/emulator/");
}

/** The active fault rules, with a count of matching requests across all ports. */
export class FaultPlan {
    #rules: { readonly rule: FaultRule; seen: number }[];
    /** The requests hit so far, as `METHOD path`. */
    readonly hits: string[] = [];

    constructor(rules: readonly FaultRule[]) {
        this.#rules = rules.map((rule) => ({ rule, seen: 0 }));
    }

    /** Replaces all rules and restarts the count. */
    replace(rules: readonly FaultRule[]): void {
        this.#rules = rules.map((rule) => ({ rule, seen: 0 }));
    }

    /**
     * Counts a request and returns the rule that hits it. If several rules match, the first one applies. The emulator's
     * own control requests are never hit.
     */
    next(port: "main" | "vm", method: string, path: string): FaultRule | undefined {
        if (isControl(path)) {
            return undefined;
        }
        let found: FaultRule | undefined;
        for (const entry of this.#rules) {
            const { rule } = entry;
            const isMatch =
                (rule.port ?? port) === port &&
                (rule.method ?? method) === method &&
                `${path}$`.includes(rule.path ?? "");
            if (isMatch) {
                entry.seen += 1;
                const isHit = entry.seen >= rule.request && entry.seen < rule.request + rule.count;
                found ??= isHit ? rule : undefined;
            }
        }
        if (found !== undefined) {
            this.hits.push(`${method} ${path}`);
        }
        return found;
    }
}
