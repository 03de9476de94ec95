import { bestLines, csvLines, diffLines, findRun, sortByMetric } from "../../../cli/runs/compare";
import { describeRun, type SavedRun } from "../../../run/saved-runs";

function run(id: string, manifest: Record<string, unknown>, metrics: Record<string, unknown> = {}): SavedRun {
    return describeRun(id, { manifest: { schema: 1, ...manifest }, metrics, hasReport: false });
}

const A = run(
    "r-000000000a",
    {
        runName: "shallow",
        hyperparameters: { maxDepth: 3, seedy: [1] },
        target: "y",
        imageDigest: "sha256:aaaaaaaaaaaaaaaaaaaa",
    },
    { schema: 1, accuracy: 0.9, logLoss: 0.4, rows: 150, treeLeaves: 9, task: "classification" },
);
const B = run(
    "r-000000000b",
    { hyperparameters: { maxDepth: 5, seedy: [1] }, target: "y", imageDigest: "sha256:aaaaaaaaaaaaaaaaaaaa" },
    { schema: 1, accuracy: 0.95, logLoss: 0.5, rows: 151, treeLeaves: 3 },
);
const FAILED = run("r-000000001c", {});

describe("npm run runs -- diff", () => {
    it("shows only what differs, with the change in each metric and whether it is an improvement", () => {
        expect(diffLines(A, B).map((line) => line.replace(/ +/g, " "))).toEqual([
            " shallow (r-000000000a) r-000000000b",
            "maxDepth 3 5",
            "accuracy 0.9 0.95 +0.05 better",
            "logLoss 0.4 0.5 +0.1 worse",
            "rows 150 151",
            "treeLeaves 9 3",
        ]);
    });

    it("says that two runs do not differ", () => {
        expect(diffLines(A, { ...A, id: "r-00000000aa", name: null })).toEqual([
            "shallow (r-000000000a) and r-00000000aa do not differ",
        ]);
    });

    it.each(["r-000000000a", "shallow", "r-000000000a".slice(2)])(
        "finds a run by its id, its name or part of its id: %s",
        (wanted) => {
            expect(findRun([A, B, FAILED], wanted)).toBe(A);
        },
    );

    it("reports a name that matches no run, and one that matches several runs", () => {
        expect(() => findRun([A, B], "r-1")).toThrow('"r-1" must be the id or the name of one run; no run has it');
        expect(() => findRun([A, B], "r-0000")).toThrow("r-000000000a and r-000000000b have it");
    });
});

describe("npm run runs -- best", () => {
    it("prints the run with the highest value of the first metric, or the lowest if that metric is a loss", () => {
        expect(bestLines([FAILED, A, B], undefined)).toEqual([
            "r-000000000b: accuracy 0.95, the highest of 2 runs",
            "  maxDepth=5  seedy=[1]  target=y",
        ]);
        expect(bestLines([A, B], "logLoss")[0]).toBe("shallow (r-000000000a): logLoss 0.4, the lowest of 2 runs");
    });

    it("reports that no run has metrics, or that none has the given metric", () => {
        expect(() => bestLines([FAILED], undefined)).toThrow("no run has metrics");
        expect(() => bestLines([A], "auc")).toThrow(
            '"auc" must be a metric of one of the runs; they have accuracy, logLoss',
        );
    });
});

it("npm run runs -- --sort puts the best run first and runs without the metric last", () => {
    const stored = [FAILED, A, B].map((facts) => ({ facts }));
    expect(sortByMetric(stored, "accuracy").map(({ facts }) => facts)).toEqual([B, A, FAILED]);
    expect(sortByMetric(stored, "logLoss").map(({ facts }) => facts)).toEqual([A, B, FAILED]);
});

it("npm run runs -- --csv quotes cells, and has no cell that a spreadsheet would evaluate", () => {
    const odd = run(
        "r-000000000d",
        { runName: 'a "b", c', hyperparameters: { x: "=cmd()", y: -1, z: "-x" } },
        { m: -0.5 },
    );
    const [head, row] = csvLines([odd]);
    expect(head).toBe(
        "id,name,state,startedAt,seconds,costUsd,exampleCostUsd,dataset,datasetHash,image,machine,param.x,param.y,param.z,metric.m",
    );
    expect(row).toBe(`r-000000000d,"a ""b"", c",-,,,,,,,,,'=cmd(),-1,'-x,-0.5`);
});
