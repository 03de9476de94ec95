import fc from "fast-check";
import { FAULT_KINDS, FaultPlan, type FaultRule, parseFaultRule } from "../../src/faults/rule";

const FUZZ = { seed: 20_260_101, numRuns: 200 };
const AWKWARD_TEXTS = [
    "__proto__",
    "constructor",
    "toString",
    "",
    " ",
    "\0",
    "=",
    ",",
    "\u202e",
    "1e3",
    "9".repeat(400),
];
const KEYS = ["kind", "request", "count", "status", "ms", "method", "path", "port"];

const text = fc.oneof(
    fc.constantFrom(...Object.keys(FAULT_KINDS), ...AWKWARD_TEXTS, "all", "main", "vm", "GET", "1", "503", "-1", "1.5"),
    fc.string({ unit: "binary", maxLength: 20 }),
);
const key = fc.oneof({ arbitrary: fc.constantFrom(...KEYS), weight: 9 }, { arbitrary: text, weight: 1 });
const rule = fc.oneof(
    fc.array(fc.tuple(key, text), { maxLength: 6 }).map((pairs) => pairs.map((pair) => pair.join("=")).join(",")),
    fc
        .tuple(fc.constantFrom(...Object.keys(FAULT_KINDS)), fc.array(fc.tuple(key, fc.nat(700)), { maxLength: 3 }))
        .map(([kind, pairs]) => [["kind", kind], ...pairs].map((pair) => pair.join("=")).join(",")),
    text,
);

/** Returns the rule, or the message that rejects it. */
function parseOrExplain(given: string): FaultRule | string {
    try {
        return parseFaultRule(given);
    } catch (error) {
        return (error as Error).message;
    }
}

describe("a fault rule", () => {
    it("is either parsed, or rejected with a list of the keys and an example, whatever its text", () => {
        fc.assert(
            fc.property(rule, (given) => {
                const result = parseOrExplain(given);
                if (typeof result === "string") {
                    expect(result).toMatch(
                        / must be .*; got ".*" \(kind=status,status=503,request=3,path=\/upload\/\)$/s,
                    );
                } else {
                    expect(Object.keys(FAULT_KINDS)).toContain(result.kind);
                    expect(result.status).toBeGreaterThanOrEqual(400);
                    expect(result.status).toBeLessThanOrEqual(599);
                    expect(Number.isSafeInteger(result.ms) && result.ms >= 0).toBe(true);
                }
            }),
            FUZZ,
        );
    });

    it("hits at most `count` requests, and never the emulator's own control requests", () => {
        const counted = fc.record({ request: fc.integer({ min: 1, max: 20 }), count: fc.integer({ min: 1, max: 20 }) });
        fc.assert(
            fc.property(counted, fc.array(text, { maxLength: 40 }), ({ request, count }, paths) => {
                const plan = new FaultPlan([parseFaultRule(`kind=html,request=${request},count=${count}`)]);
                const hits = paths.filter((path) => plan.next("main", "GET", `/${path}`) !== undefined);

                expect(hits).toHaveLength(Math.min(count, Math.max(0, paths.length - request + 1)));
                expect(plan.next("main", "GET", "/emulator/v1/faults")).toBeUndefined();
            }),
            FUZZ,
        );
    });
});
