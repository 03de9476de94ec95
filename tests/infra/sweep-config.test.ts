import { parseConfig } from "../../infra/config";
import { ConfigError } from "../../infra/config/issues";
import type { ProjectFiles } from "../../infra/config/project-files";

const FILES: Record<string, string> = {
    "points.csv": 'depth,kind,note\n1,gini,"a ""b"", c"\n2,,x\n2.50,true,\n',
    "points.jsonl": '{"depth":1,"list":[1,2]}\n\n{"depth":2}\n',
    "twice.csv": "depth\n1\n2\n1\n",
    "short.csv": "a,b\n1\n",
    "header.csv": "a,a\n1,2\n",
    "bad.jsonl": "[1]\n",
    "broken.jsonl": "{\n",
    "name.csv": "my depth\n1\n",
    "none.csv": "depth\n",
    "empty.jsonl": "{}\n",
};

const files: ProjectFiles = {
    state: (file) => (file in FILES || !file.includes("points") ? "file" : "missing"),
    text: (file) => FILES[file],
    hasBuiltInTrainer: (folder) => folder === "trainer",
};

function parse(values: Record<string, string>) {
    const gcp = { project: "my-project", region: "us-central1", zone: "us-central1-a" };
    return parseConfig({ namespace: "gcp-trainer", values: { engine: "batch", ...values }, gcp }, files);
}

function problemsOf(values: Record<string, string>): string {
    try {
        parse(values);
    } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return (error as Error).message;
    }
    return "";
}

describe("the points of a sweep", () => {
    it("are the combinations of a grid, with the last name varying fastest", () => {
        expect(parse({ sweep: '{"depth":[1,2],"kind":["a",true]}' }).points).toEqual([
            { depth: 1, kind: "a" },
            { depth: 1, kind: true },
            { depth: 2, kind: "a" },
            { depth: 2, kind: true },
        ]);
        // `npx pulumi config set --path` stores a list as text.
        expect(parse({ sweep: '{"depth":"[4,5]"}' }).points).toEqual([{ depth: 4 }, { depth: 5 }]);
        expect(parse({}).points).toEqual([]);
    });

    it("are the rows of a CSV file, with empty cells omitted", () => {
        expect(parse({ sweepFile: "points.csv" }).points).toEqual([
            { depth: 1, kind: "gini", note: 'a "b", c' },
            { depth: 2, note: "x" },
            { depth: "2.50", kind: true },
        ]);
    });

    it("are the lines of a JSON Lines file", () => {
        expect(parse({ sweepFile: "points.jsonl" }).points).toEqual([{ depth: 1, list: [1, 2] }, { depth: 2 }]);
    });

    it.each([
        [
            { engine: "vm", sweep: '{"a":[1]}' },
            "`gcp-trainer:sweep` must not be set with engine vm, because only Batch",
        ],
        [{ engine: "vm", parallelism: "20" }, "`gcp-trainer:parallelism` must not be set with engine vm"],
        [{ sweep: '{"a":[]}' }, "`gcp-trainer:sweep.a` must be a list with at least one value; got []"],
        [{ sweep: '{"a":3}' }, "`gcp-trainer:sweep.a` must be a list with at least one value; got 3"],
        [
            { sweep: '{"a":[1,2,1]}' },
            "`gcp-trainer:sweep.a` must not contain duplicate values; 1 appears more than once",
        ],
        [{ sweep: '{"target":["x"]}' }, "must be set with its own key, not as a hyperparameter"],
        [
            { sweep: '{"a":[1]}', sweepFile: "points.csv" },
            "`gcp-trainer:sweepFile` must not be set together with sweep",
        ],
        [
            { sweep: '{"a":[1,2]}', hyperparameters: '{"a":3}' },
            "`gcp-trainer:hyperparameters` must not set a, which sweep also sets",
        ],
        [{ sweepMetric: "accuracy" }, "`gcp-trainer:sweepMetric` must not be set without sweep or sweepFile"],
        [{ sweep: '{"a":[1]}', sweepGoal: "minimize" }, "`gcp-trainer:sweepGoal` must not be set without sweepMetric"],
        [{ sweep: '{"a":[1]}', sweepMetric: "a b" }, "`gcp-trainer:sweepMetric` must be a name in metrics.json"],
        [
            { sweep: '{"a":[1,2]}', maxFailedTasks: "2" },
            "`gcp-trainer:maxFailedTasks` must be less than the number of points, 2; got 2",
        ],
        [{ sweep: '{"a":[1,2]}', parallelism: "4500" }, "`gcp-trainer:parallelism` must be at most 4000, because"],
        [{ sweepFile: "no-points.csv" }, "`gcp-trainer:sweepFile` must be a CSV or JSON Lines file; found missing"],
        [{ sweepFile: "twice.csv" }, 'must not contain duplicate points; point 3 repeats point 1, {"depth":1}'],
        [{ sweepFile: "short.csv" }, "must have 2 cells in each row; row 2 has 1"],
        [{ sweepFile: "header.csv" }, 'must have distinct names in its header; found "a" twice or empty'],
        [{ sweepFile: "bad.jsonl" }, "must have a JSON object on each line; line 1 is not one"],
        [{ sweepFile: "broken.jsonl" }, "must have a JSON object on each line; line 1 is not one"],
        [{ sweepFile: "name.csv" }, "must have valid hyperparameters; my depth in point 1 must have a name"],
        [{ sweepFile: "none.csv" }, "must contain at least one point"],
        [{ sweepFile: "empty.jsonl" }, "must not contain an empty point; point 1 is empty"],
    ])("must be valid: %j", (values: Record<string, string>, message) => {
        expect(problemsOf(values)).toContain(message);
    });

    it("must not exceed 10,000, which is checked without listing them", () => {
        const values = JSON.stringify(Array.from({ length: 1000 }, (_, index) => index));
        const grid = `{"a":${values},"b":${values},"c":${values}}`;

        expect(problemsOf({ sweep: grid })).toContain("must have at most 10,000 combinations; it has 1,000,000,000");
    });
});
