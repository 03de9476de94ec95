import { existsSync } from "node:fs";
import fc from "fast-check";

/** Settings for a fuzz test: the same cases in every run, and few enough that a file takes about two seconds. */
export const FUZZ = { seed: 20_260_101, numRuns: 200 } as const;

/** Nesting depth at which a recursive function exhausts the stack. */
const DEEP = 20_000;

/** JSON that is nested too deeply for `JSON.stringify`, but not for `JSON.parse`. */
export const DEEP_JSON = [
    "[".repeat(DEEP) + "]".repeat(DEEP),
    `${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}`,
    `{"a":${"[".repeat(DEEP)}${"]".repeat(DEEP)}}`,
    `[${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}]`,
];

/** Names with a special meaning in an object, a path or a shell. */
export const AWKWARD_TEXTS = [
    ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "length", "then"],
    ...[
        "",
        " ",
        "\0",
        "\ud800",
        "\u202e",
        "\x1b[2J",
        "\r\n",
        "-",
        "--",
        "=",
        ".",
        "..",
        "../..",
        "/etc/passwd",
        "a\\b",
    ],
    ...[
        "$(touch evaluated)",
        "`touch evaluated`",
        "${globalThis.evaluated = 1}",
        "globalThis.evaluated = 1",
        "'; x",
        '"',
    ],
    ...["NaN", "-0", "1e999", "Infinity", "null", "true", "9".repeat(400), "a".repeat(5000), "a/".repeat(3000)],
];

export const anyText = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.constantFrom(...AWKWARD_TEXTS));

/** Any JSON value, with awkward names and strings. `JSON.parse` keeps `__proto__` as an ordinary own property. */
export const anyJson = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
    value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.oneof(anyText, fc.constantFrom(null, true, false), fc.double({ noNaN: true, noDefaultInfinity: true })),
        fc.array(tie("value"), { maxLength: 4 }),
        tie("object"),
    ),
    object: fc.array(fc.tuple(anyText, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
})).value;

/** Text that a program may try to parse as JSON: valid, truncated, altered, deeply nested, or not JSON at all. */
export const anyJsonText = fc.oneof(
    anyJson.map((value) => JSON.stringify(value)),
    fc.tuple(anyJson, fc.nat(200)).map(([value, end]) => JSON.stringify(value).slice(0, end)),
    anyText,
    fc.constantFrom(...DEEP_JSON),
);

/**
 * Variants of a valid JSON object, with entries replaced by any JSON value, removed or added at any level.
 * @param example a valid value
 */
export function variantsOf(example: object): fc.Arbitrary<string> {
    const paths = pathsOf(example);
    const change = fc.record({
        path: fc.constantFrom(...paths),
        value: fc.oneof(fc.constant(undefined), anyJson),
    });
    const changed = fc.array(change, { maxLength: 3 }).map((changes) => {
        const copy = structuredClone(example);
        for (const { path, value } of changes) {
            replaceAt(copy, path, value);
        }
        return JSON.stringify(copy);
    });
    const deep = fc.tuple(fc.constantFrom(...paths), fc.constantFrom(...DEEP_JSON)).map(([path, json]) => {
        const copy = structuredClone(example);
        replaceAt(copy, path, "DEEP");
        return JSON.stringify(copy).replace('"DEEP"', () => json);
    });
    return fc.oneof({ arbitrary: changed, weight: 9 }, { arbitrary: deep, weight: 1 });
}

function pathsOf(value: object): string[][] {
    return Object.entries(value).flatMap(([name, part]: [string, unknown]) => {
        const below = typeof part === "object" && part !== null ? pathsOf(part) : [];
        return [[name], ...below.map((path) => [name, ...path])];
    });
}

function replaceAt(target: object, path: readonly string[], value: unknown): void {
    const [name = "", ...rest] = path;
    const part: unknown = Reflect.get(target, name);
    if (rest.length === 0) {
        Reflect.set(target, name, value);
    } else if (typeof part === "object" && part !== null) {
        replaceAt(part, rest, value);
    }
}

/** Expects that neither JavaScript nor a shell evaluated any text, and that no name polluted `Object.prototype`. */
export function expectNothingEvaluated(): void {
    expect(Reflect.get(globalThis, "evaluated")).toBeUndefined();
    expect(existsSync("evaluated")).toBe(false);
    expect(Object.keys(Object.prototype)).toEqual([]);
}
