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

/**
 * A request that is sent repeatedly gets rules for its first two occurrences, so that faults also follow an earlier
 * success.
 */
const REPETITIONS = 2;

/**
 * Returns rules that break each request in a recorded run once with every kind of fault that applies to it.
 * @param requests the requests in a run without faults, in order
 */
export function rulesFor(requests: readonly SeenRequest[]): string[] {
    const positions = requests.flatMap((request, index) => {
        const key = keyOf(request.path);
        const matching = requests
            .slice(0, index + 1)
            .filter(
                ({ port, method, path }) => port === request.port && method === request.method && path.includes(key),
            );
        return matching.length > REPETITIONS ? [] : [{ request, key, ordinal: matching.length }];
    });
    const rules = positions.flatMap(({ request, key, ordinal }) =>
        FAULTS.filter(({ appliesTo }) => appliesTo(request)).map(
            ({ rule }) => `${rule},request=${ordinal},port=${request.port},method=${request.method},path=${key}`,
        ),
    );
    return [...new Set(rules)];
}

/** Returns a part of the URL that is the same in every run, without generations, session ids or sizes of log chunks. */
function keyOf(url: string): string {
    const [path = "", query = ""] = url.split("?");
    const name = /(?:^|&)(name=[^&]*)/.exec(query)?.[1];
    if (name !== undefined) {
        return name.replace(/%2Flog%2F.*/, "%2Flog%2F");
    }
    const last = path.slice(Math.max(path.lastIndexOf("/") + 1, path.lastIndexOf("%2F") + 3));
    if (/\/v2\/.*\/manifests\//.test(path)) {
        return "/manifests/";
    }
    if (path.includes("%2Flog%2F")) {
        return "%2Flog%2F1%2F0";
    }
    if (query.startsWith("prefix=")) {
        return `${last}?${query.replace(/&.*/, "")}`;
    }
    return `${last}${query === "" ? "" : "?"}${query.startsWith("alt=media") ? "alt=media" : ""}`;
}

/** Returns the first `count` rules of a seeded shuffle in which every kind of fault appears as early as possible. */
export function sample(rules: readonly string[], count: number, seed: number): string[] {
    const random = mulberry32(seed);
    const shuffled = rules
        .map((rule) => ({ rule, order: random() }))
        .sort((a, b) => a.order - b.order)
        .map(({ rule }) => rule);
    const seen = new Map<string, number>();
    const rounds = shuffled.map((rule) => {
        const kind = kindOf(rule);
        const round = seen.get(kind) ?? 0;
        seen.set(kind, round + 1);
        return { rule, round };
    });
    return rounds
        .sort((a, b) => a.round - b.round)
        .slice(0, count)
        .map(({ rule }) => rule);
}

/** Returns the requests that a rule matches, without their number. */
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
