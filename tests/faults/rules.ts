import type { SeenRequest } from "./small-run";

/** One fault injected at one request in a run. */
export interface Fault {
    /** The rule as passed to `npm run emulator -- --fault`. */
    readonly rule: string;
    /** Returns true if the fault has any effect on such a request. */
    readonly appliesTo: (request: SeenRequest) => boolean;
}

const always = () => true;
const hasBody = ({ method }: SeenRequest) => method !== "GET" && method !== "DELETE";
const isDownload = ({ path }: SeenRequest) => path.includes("alt=media");

/** Every kind of fault. The delays are shorter than the run's and the clients' time limits. */
export const FAULTS: readonly Fault[] = [
    { rule: "kind=refuse,ms=1500", appliesTo: always },
    { rule: "kind=reset-before", appliesTo: always },
    { rule: "kind=reset-after", appliesTo: always },
    ...[401, 408, 429, 500, 502, 503, 504].map((status) => ({
        rule: `kind=status,status=${status}`,
        appliesTo: always,
    })),
    { rule: "kind=half-body", appliesTo: always },
    { rule: "kind=damaged-body", appliesTo: always },
    { rule: "kind=truncated-body", appliesTo: always },
    { rule: "kind=empty-body", appliesTo: always },
    { rule: "kind=html", appliesTo: always },
    { rule: "kind=duplicate", appliesTo: always },
    { rule: "kind=delay,ms=5000", appliesTo: always },
    { rule: "kind=damaged-request", appliesTo: hasBody },
    { rule: "kind=wrong-hash", appliesTo: isDownload },
];

/** Requests that are repeated until something happens, so that their number differs from run to run. */
const POLLED = /status\.json\?|%2Flog%2F|\/instances\/|\/token$|\/operations\//;

/**
 * Returns rules that break the requests in a recorded run with every kind of fault that applies to them. Of equal
 * requests, the first and the last are broken, or the first two if they poll.
 * @param requests the requests in a run without faults, in order
 */
export function rulesFor(requests: readonly SeenRequest[]): string[] {
    const byClass = new Map<string, SeenRequest[]>();
    for (const request of requests) {
        const found = byClass.get(classOf(request)) ?? [];
        byClass.set(classOf(request), [...found, request]);
    }
    return [...byClass.values()].flatMap((equal) => {
        const [request] = equal as [SeenRequest];
        const last = Math.min(equal.length, POLLED.test(request.path) ? 2 : Number.POSITIVE_INFINITY);
        const kinds = FAULTS.filter(({ appliesTo }) => appliesTo(request));
        return [...new Set([1, last])].flatMap((ordinal) =>
            kinds.map(({ rule }) => `${rule},request=${ordinal},${classOf(request)}`),
        );
    });
}

/** Returns the part of a rule that matches a request and all those that differ from it only in ids and times. */
function classOf({ port, method, path }: SeenRequest): string {
    return `port=${port},method=${method},path=${keyOf(path)}`;
}

/** Returns a part of the URL that is the same in every run, without generations, session ids or sizes of log chunks. */
function keyOf(url: string): string {
    const [path = "", query = ""] = url.split("?");
    const name = /(?:^|&)(name=[^&]*)/.exec(query)?.[1];
    if (name !== undefined) {
        return name.replace(/%2Flog%2F.*/, "%2Flog%2F");
    }
    if (/\/v2\/.*\/manifests\//.test(path)) {
        return "/manifests/";
    }
    if (path.includes("%2Flog%2F")) {
        return "%2Flog%2F1%2F0";
    }
    const last = path
        .split(/%2F|\//)
        .slice(path.includes("%2F") ? -1 : -2)
        .join("/");
    if (query === "") {
        return `${last}${url.slice(path.length)}$`;
    }
    if (query.startsWith("prefix=")) {
        return `${last}?${query.replace(/&.*|$/, (rest) => rest.charAt(0) || "$")}`;
    }
    return `${last}?${/^(alt=media|versions=true)/.exec(query)?.[0] ?? ""}`;
}

/**
 * Returns the first `count` rules of a seeded shuffle in which every kind of fault, and every request, appears as early
 * as possible.
 */
export function sample(rules: readonly string[], count: number, seed: number): string[] {
    const random = mulberry32(seed);
    const shuffled = rules
        .map((rule) => ({ rule, isRepetition: !rule.includes(",request=1,"), order: random() }))
        .sort((a, b) => Number(a.isRepetition) - Number(b.isRepetition) || a.order - b.order);
    const seen = new Map<string, number>();
    const rounds = shuffled.map(({ rule, isRepetition }) => {
        const kind = kindOf(rule);
        const round = seen.get(kind) ?? 0;
        seen.set(kind, round + 1);
        return { rule, isRepetition, round };
    });
    return rounds
        .sort((a, b) => Number(a.isRepetition) - Number(b.isRepetition) || a.round - b.round)
        .slice(0, count)
        .map(({ rule }) => rule);
}

/** Returns the class of a trial: the fault and the requests that it can hit. */
export function classOfTrial(rule: string): string {
    return rule.replace(/,request=\d+/, "");
}

/** Returns the part of a rule that says which requests it matches, without the number of the request. */
export function placeOf(rule: string): string {
    return rule.replace(/^.*?,(?=port=)/, "");
}

/** Returns the kind of fault in a rule (the HTTP status if the kind is `status`), or the target of a kill. */
export function kindOf(rule: string): string {
    const [, kind = "", status] = /(?:^|,)(?:kind|kill)=([\w -]+)(?:,status=(\d+))?/.exec(rule) ?? [];
    return status ?? kind;
}

function mulberry32(seed: number): () => number {
    let state = seed;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let value = Math.imul(state ^ (state >>> 15), 1 | state);
        value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
        return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
    };
}
