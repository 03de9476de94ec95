import { ageOf, readRuns, runsTable, type StoredRun } from "../../../cli/runs/runs-table";
import { runLayout } from "../../../run/layout";
import { describeRun } from "../../../run/saved-runs";
import { FakeBucket, putStatus, runId, statusOf } from "../../run/fakes";

const NOW = Date.parse("2026-05-04T12:00:00Z");

/** A run for which only the id and these properties are known. */
function bare(runId: string, known: Partial<StoredRun> = {}): StoredRun {
    return { runId, facts: describeRun(runId, { hasReport: false }), ...known };
}

describe("runsTable", () => {
    it("shows a successful run's state, attempt, age and first metrics", () => {
        const run: StoredRun = {
            facts: describeRun("r-0000000001", { manifest: { runName: "deeper" }, hasReport: false }),
            runId: "r-0000000001",
            status: statusOf({ state: "SUCCEEDED", attempt: 2, startedAt: "2026-05-04T11:00:00Z" }),
            metrics: { schema: 1, accuracy: 0.9667, task: "classification", macroF1: 0.9512, rows: 150, treeDepth: 4 },
        };

        expect(runsTable([run], NOW)).toEqual([
            "run                  state      attempt  age     metrics",
            "r-0000000001 deeper  SUCCEEDED  2        60 min  accuracy 0.9667, macroF1 0.9512, rows 150",
        ]);
        expect(runsTable([run], NOW, "treeDepth")[1]).toMatch(/ treeDepth 4, accuracy 0.9667, macroF1 0.9512$/);
    });

    it("has a cost column if the cost of any run is known, and marks prices that come from an emulator", () => {
        const costing = (usd: number, isExample: boolean): StoredRun => {
            const facts = describeRun("r-1", { manifest: { cost: { usd, minutes: 1, isExample } }, hasReport: false });
            return bare("r-1", { facts });
        };

        expect(runsTable([costing(1.5, false), costing(0.0123, true), bare("r-2")], NOW)).toEqual([
            "run  state  attempt  age  cost               metrics",
            "r-1  -      -        -    $1.50              no VM has claimed it yet",
            "r-1  -      -        -    $0.0123 (example)  no VM has claimed it yet",
            "r-2  -      -        -    -                  no VM has claimed it yet",
        ]);
    });

    it("puts metrics and remarks on lines of their own if a terminal is too narrow", () => {
        const status = statusOf({ state: "FAILED", reason: "The trainer ended with exit code 3", exitCode: 3 });
        const runs = [bare("r-0000000002", { status }), bare("r-0000000003", { isLocal: true, problem: "no status" })];

        expect(runsTable(runs, NOW, undefined, 60)).toEqual([
            "run           state   attempt  age",
            "  metrics",
            expect.stringMatching(/^r-0000000002 {2}FAILED {2}1 /),
            "  The trainer ended with exit code 3",
            "r-0000000003  -       -        -",
            "  no status; only on this machine",
        ]);
        expect(runsTable(runs, NOW, undefined, 200)).toEqual(runsTable(runs, NOW));
    });

    it("shows why a run failed", () => {
        const status = statusOf({ state: "FAILED", reason: "The trainer ended with exit code 3", exitCode: 3 });

        expect(runsTable([bare("r-0000000002", { status })], NOW)[1]).toMatch(
            /^r-0000000002 {2}FAILED .* The trainer ended with exit code 3$/,
        );
    });

    it("marks a run if its last update is older than its heartbeat allows", () => {
        const status = statusOf({ state: "RUNNING", updatedAt: "2026-05-04T11:50:00Z" });

        expect(runsTable([bare("r-0000000003", { status })], NOW)[1]).toContain(
            "no update for 10 min; the VM may be down",
        );
    });

    it("shows a run without a status and a run that cannot be read", () => {
        const table = runsTable([bare("r-0000000004"), bare("r-0000000005", { problem: "no status" })], NOW);

        expect(table.slice(1)).toEqual([
            "r-0000000004  -      -        -    no VM has claimed it yet",
            "r-0000000005  -      -        -    cannot be read: no status",
        ]);
    });
});

describe("readRuns", () => {
    it("reports the objects that, according to the manifest, are saved under different names", async () => {
        const bucket = new FakeBucket();
        const { model, manifest } = runLayout(runId);
        const objects = [
            { name: `${model}a:b`, path: "renamed/0123-a_b" },
            { name: `${model}model.json`, path: "model.json" },
        ];
        putStatus(bucket, { state: "SUCCEEDED" });
        bucket.put(manifest, JSON.stringify({ schema: 1, runId, objects }));
        bucket.put("runs/r-other/status.json", JSON.stringify(statusOf({ runId: "r-other", state: "SUCCEEDED" })));
        bucket.put("runs/r-other/manifest.json", "not JSON");

        const runs = await readRuns(bucket);

        expect(runs.flatMap(({ renamed, problem }) => problem ?? renamed ?? [])).toEqual([
            `run ${runId}: "a:b" cannot be used as a file name alongside the others; it is saved as renamed/0123-a_b`,
        ]);
    });
});

describe("ageOf", () => {
    it.each([
        [-5, "0 s"],
        [119, "119 s"],
        [120, "2 min"],
        [7199, "119 min"],
        [7200, "2 h"],
        [47 * 3600, "47 h"],
        [49 * 3600, "2 d"],
    ])("formats %d seconds as %s", (seconds, age) => {
        expect(ageOf(seconds * 1000)).toBe(age);
    });
});
