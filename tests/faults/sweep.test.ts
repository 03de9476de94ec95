import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { placeOf } from "./rules";
import { sweep } from "./sweep";
import type { Outcome, TrialResult } from "./trial";

const RULES = [
    "kind=html,request=1,port=vm,method=GET,path=a",
    "kind=html,request=2,port=vm,method=GET,path=a",
    "kind=html,request=1,port=vm,method=GET,path=b",
    "kind=status,status=503,request=1,port=main,method=GET,path=c",
];

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "sweep-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * Runs a sweep whose runs have these outcomes, "survived" by default. In the runs in `missing`, the second fault does
 * not occur. Returns the runs and the results.
 */
async function run(outcomes: Readonly<Record<string, Outcome>> = {}, missing: readonly string[] = []) {
    const runs: string[] = [];
    const trial = async (...rules: string[]): Promise<TrialResult> => {
        const rule = rules.map((one) => String(RULES.indexOf(one))).join("+");
        runs.push(rule);
        const missed = missing.includes(rule) && { missed: [rules[1] ?? ""] };
        return { rule: rules.join(), seconds: 1, outcome: outcomes[rule] ?? "survived", ...missed };
    };
    const results = await sweep(
        RULES.map((rule) => ({ rule, run: () => trial(rule) })),
        {
            file: path.join(folder, "results.jsonl"),
            workers: 1,
            sharing: { size: 3, placeOf, run: (rules) => trial(...rules) },
            onResult: () => undefined,
        },
    );
    return { runs, outcomes: results.map(({ outcome, together }) => [outcome, together]) };
}

describe("a sweep", () => {
    it("puts faults in different requests into one run", async () => {
        await expect(run()).resolves.toEqual({
            runs: ["0+2+3", "1"],
            outcomes: [
                ["survived", 3],
                ["survived", undefined],
                ["survived", 3],
                ["survived", 3],
            ],
        });
    });

    it("splits a shared run that does not survive, until the failing fault is alone", async () => {
        const { runs, outcomes } = await run({ "0+2+3": "failed clearly", "0+2": "lost", "2": "lost" });

        expect(runs).toEqual(["0+2+3", "0+2", "0", "2", "3", "1"]);
        expect(outcomes.map(([outcome]) => outcome)).toEqual(["survived", "survived", "lost", "survived"]);
    });

    it("retries a fault that did not occur in a shared run", async () => {
        const { runs, outcomes } = await run({ "0+2+3": "not hit" }, ["0+2+3"]);

        expect(runs).toEqual(["0+2+3", "2", "1"]);
        expect(outcomes).toEqual([
            ["survived", 3],
            ["survived", undefined],
            ["survived", undefined],
            ["survived", 3],
        ]);
    });

    it("does not repeat what an earlier sweep has recorded", async () => {
        const first = await run();
        const second = await run();

        expect(second).toEqual({ runs: [], outcomes: first.outcomes });
    });
});
