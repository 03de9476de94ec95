import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseModel, predictRow } from "../../trainer/src/model-format";
import { startBucket, type TestBucket } from "../helpers/bucket";

const PROJECT = join(__dirname, "../..");
const IRIS = readFileSync(join(PROJECT, "data/iris.csv"), "utf8");
const MODEL = "runs/r-1/model/model.json";
const METRICS = "runs/r-1/model/metrics.json";
const ONNX = "runs/r-1/model/model.onnx";
const REPORT = "runs/r-1/model/report.html";

interface Outcome {
    exitCode: number | null;
    stdout: string;
    stderr: string;
}

/** The same bundle as `npm run build` makes, of the sources as they are now. */
const folder = mkdtempSync(join(tmpdir(), "gcp-trainer-bundle-"));
const bundle = join(folder, "trainer/train.cjs");

let bucket: TestBucket;

beforeAll(async () => {
    execFileSync(process.execPath, [join(PROJECT, "trainer/build.cjs"), join(folder, "trainer")]);
    bucket = await startBucket();
});

afterAll(async () => {
    await bucket.stop();
    rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
    for (const object of await bucket.list("")) {
        await bucket.remove(object);
    }
});

function start(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
    return spawn(process.execPath, [bundle, ...argv], {
        env: {
            PATH: process.env.PATH,
            STORAGE_EMULATOR_HOST: bucket.endpoint,
            AIP_TRAINING_DATA_URI: `gs://${bucket.name}/data/some.csv`,
            AIP_DATA_FORMAT: "csv",
            AIP_MODEL_DIR: `gs://${bucket.name}/runs/r-1/model/`,
            ...env,
        },
        stdio: ["ignore", "pipe", "pipe"],
    });
}

async function run(argv: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
    const child = start(argv, env);
    const outcome: Outcome = { exitCode: null, stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => (outcome.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (outcome.stderr += text));
    [outcome.exitCode] = await once(child, "close");
    return outcome;
}

async function train(csv: string | Uint8Array, ...argv: string[]): Promise<Outcome> {
    await bucket.put("data/some.csv", csv);
    return await run(argv);
}

async function readModel() {
    return parseModel((await bucket.get(MODEL)) ?? "");
}

async function readMetrics(): Promise<Record<string, unknown>> {
    return JSON.parse((await bucket.get(METRICS)) ?? "null");
}

describe("the trainer on iris", () => {
    it("writes a model that names at least nine of ten flowers it was not trained on", async () => {
        const outcome = await train(IRIS, '--dropColumns=["Id"]', "--target=Species");
        expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
        const metrics = await readMetrics();
        expect(metrics).toMatchObject({ schema: 1, task: "classification", rows: 150, trainRows: 120, testRows: 30 });
        expect(metrics.accuracy).toBeGreaterThanOrEqual(0.9);
        expect(metrics.classes).toHaveLength(3);
        expect(await bucket.list("runs/")).toEqual([METRICS, MODEL, ONNX, REPORT]);

        const model = await readModel();
        expect(model.features.map(({ name }) => name)).toEqual([
            "SepalLengthCm",
            "SepalWidthCm",
            "PetalLengthCm",
            "PetalWidthCm",
        ]);
        const setosa = { SepalLengthCm: "5.1", SepalWidthCm: "3.5", PetalLengthCm: "1.4", PetalWidthCm: "0.2" };
        expect(predictRow(model, setosa)).toMatchObject({ label: "Iris-setosa" });
    });

    it("tells what it does", async () => {
        const { stdout } = await train(IRIS, "--target=Species");
        expect(stdout).toContain("Read gs://test-bucket/data/some.csv: 150 rows, 6 columns, comma-separated\n");
        expect(stdout).toContain("Dropped: Id (named as an identifier, different in every row");
        expect(stdout).toContain("Split: 120 rows to train, 30 to test (stratified, testFraction 0.2, seed 42)\n");
        expect(stdout).toMatch(/^ {2}accuracy 0\.9\d+ /m);
        expect(stdout).toMatch(
            /Wrote \S+\/metrics\.json\nWrote \S+\/model\.onnx\nWrote \S+\/report\.html\nWrote \S+\/model\.json\n$/,
        );
    });

    it("writes the same bytes each time", async () => {
        await train(IRIS, "--target=Species");
        const files = [MODEL, METRICS, ONNX, REPORT];
        const first = await Promise.all(files.map((file) => bucket.get(file)));
        for (const file of files) await bucket.remove(file);
        await run(["--target=Species"]);
        expect(await Promise.all(files.map((file) => bucket.get(file)))).toEqual(first);
    });

    it("learns a number", async () => {
        const outcome = await train(IRIS, '--dropColumns=["Id","Species"]', "--target=PetalWidthCm");
        expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
        expect(await readMetrics()).toMatchObject({
            task: "regression",
            mae: expect.any(Number),
            rmse: expect.any(Number),
        });
        expect((await readMetrics()).r2).toBeGreaterThan(0.8);
        const flower = { SepalLengthCm: 5.1, SepalWidthCm: 3.5, PetalLengthCm: 1.4 };
        expect(predictRow(await readModel(), flower)).toEqual({ task: "regression", value: expect.closeTo(0.2, 0) });
    });

    it("says so when there is nothing to decide by", async () => {
        const csv = `x,y\n${"1,a\n1,b\n".repeat(10)}`;
        const outcome = await train(csv, "--target=y");
        expect(outcome.exitCode).toBe(0);
        expect(outcome.stdout).toContain("on all 20 rows: 0 levels, 1 leaf\nWarning: the model makes no decision");
    });

    it("tells many classes apart, of which a split separates few", async () => {
        const rows = Array.from({ length: 600 }, (_, row) => `${row % 150},${(row % 150) % 7},c${row % 150}`);
        const outcome = await train(`x,z,y\n${rows.join("\n")}\n`, "--target=y");
        expect(outcome.exitCode).toBe(0);
        expect((await readMetrics()).accuracy).toBeGreaterThan(0.9);
    });

    it("learns from text", async () => {
        const outcome = await train(IRIS, '--dropColumns=["Id"]', "--target=PetalWidthCm");
        expect(outcome.stdout).toContain("Species (text, 3 categories)");
        expect((await readModel()).features.at(-1)).toEqual({
            name: "Species",
            kind: "text",
            categories: ["Iris-setosa", "Iris-versicolor", "Iris-virginica"],
        });
    });
});

describe("the trainer chooses", () => {
    it("the best of a list by cross-validation, and tells every trial", async () => {
        const { exitCode, stdout } = await train(IRIS, "--target=Species", "--maxDepth=[1,3]", "--cv=4");
        expect(exitCode).toBe(0);
        expect(stdout).toContain("Cross-validating 2 models on the rows to train, 4 folds:\n");
        const metrics = await readMetrics();
        expect(metrics).toMatchObject({
            cv: { folds: 4, measure: "accuracy" },
            hyperparameters: { algorithm: "tree", maxDepth: 3 },
            treeDepth: 3,
        });
        // One decision can tell two of three classes at most.
        expect(metrics.trials).toEqual([
            {
                hyperparameters: { maxDepth: 1 },
                best: false,
                mean: expect.closeTo(2 / 3, 2),
                std: expect.any(Number),
                scores: expect.any(Array),
            },
            {
                hyperparameters: { maxDepth: 3 },
                best: true,
                mean: expect.closeTo(0.94, 1),
                std: expect.any(Number),
                scores: expect.any(Array),
            },
        ]);
        expect((await readModel()).hyperparameters).toMatchObject({ maxDepth: 3 });
        expect(await bucket.get(REPORT)).toContain("maxDepth");
    });

    it("nothing when there is nothing to choose from, but measures when it is told to", async () => {
        await train(IRIS, "--target=PetalWidthCm", "--cv=3");
        expect(await readMetrics()).toMatchObject({
            cv: { folds: 3, measure: "rmse" },
            trials: [{ hyperparameters: {}, best: true }],
        });
    });
});

describe("the trainer grows a forest", () => {
    it("of classes", async () => {
        const argv = ["--target=Species", "--algorithm=forest", "--trees=20"];
        const { stdout } = await train(IRIS, ...argv);
        expect(stdout).toContain("Training a forest: forest, maxDepth 64, minNumSamples 1, gainThreshold 0, trees 20");
        expect(stdout).toMatch(/^Out of bag, each row by the trees that did not see it: accuracy 0\.9\d+$/m);
        const metrics = await readMetrics();
        expect(metrics).toMatchObject({ algorithm: "forest", trees: 20, outOfBag: { rows: 150 } });
        expect((metrics.outOfBag as { accuracy: number }).accuracy).toBeGreaterThan(0.9);
        const model = await readModel();
        expect(model.trees).toHaveLength(20);
        const setosa = { SepalLengthCm: "5.1", SepalWidthCm: "3.5", PetalLengthCm: "1.4", PetalWidthCm: "0.2" };
        expect(predictRow(model, setosa)).toMatchObject({ label: "Iris-setosa", probabilities: { "Iris-setosa": 1 } });
    });

    it("of numbers", async () => {
        await train(IRIS, "--target=PetalWidthCm", "--algorithm=forest", "--trees=20");
        const metrics = await readMetrics();
        expect(metrics).toMatchObject({ task: "regression", outOfBag: { rows: 150 } });
        expect((metrics.outOfBag as { r2: number }).r2).toBeGreaterThan(0.9);
    });

    it("64 for a gain function of the other task", async () => {
        const outcome = await train(IRIS, "--target=Species", "--gainFunction=regression");
        expect(outcome.exitCode).toBe(64);
        expect(outcome.stderr).toBe(
            '`gainFunction` must be "gini" for a classification; got "regression" (--gainFunction=gini)\n',
        );
    });

    it("64 when a column is asked for that is not there", async () => {
        const outcome = await train(IRIS, "--target=Species", "--algorithm=forest", "--maxFeatures=5");
        expect(outcome.exitCode).toBe(64);
        expect(outcome.stderr).toBe(
            '`maxFeatures` must be an integer from 1 to 4, the number of columns to learn from; got "5" (--maxFeatures=4)\n',
        );
    });
});

describe("the trainer learns from rows with gaps", () => {
    it("and predicts such rows; those without a target are left out", async () => {
        const gaps = IRIS.replace("5.1,3.5,1.4,0.2", "5.1,,1.4,0.2").replace(/150,(.*),Iris-virginica/, "150,$1,");
        const { stdout, exitCode } = await train(gaps, "--target=Species");
        expect(exitCode).toBe(0);
        expect(stdout).toContain("Left out: 1 row without a value of Species\n");
        expect(await readMetrics()).toMatchObject({ rows: 149, rowsWithoutTarget: 1 });
        const model = await readModel();
        expect(model.features.map((feature) => feature.kind === "number" && feature.missing)).toEqual([
            false,
            true,
            false,
            false,
        ]);
        const flower = { SepalLengthCm: "5.1", SepalWidthCm: "NA", PetalLengthCm: "1.4", PetalWidthCm: "0.2" };
        expect(predictRow(model, flower)).toMatchObject({ label: "Iris-setosa" });
    });
});

describe("the trainer reads", () => {
    const quoted = IRIS.replaceAll(/[^,\n]+/g, '"$&"');
    it.each([
        ["CRLF", IRIS.replaceAll("\n", "\r\n")],
        ["a byte order mark", `\ufeff${IRIS}`],
        ["quotes", quoted],
        ["semicolons", IRIS.replaceAll(",", ";")],
        ["semicolons with decimal commas", IRIS.replaceAll(",", ";").replaceAll(/(\d)\.(\d)/g, "$1,$2")],
        ["all of it", `\ufeff${quoted.replaceAll(",", ";").replaceAll("\n", "\r\n")}\r\n\r\n`],
    ])("%s as a person would expect", async (_, csv) => {
        expect(await train(csv, "--target=Species")).toMatchObject({ exitCode: 0, stderr: "" });
        expect((await readMetrics()).accuracy).toBeCloseTo(0.9333, 4);
    });
});

describe("the trainer refuses, with exit code 65 and no model,", () => {
    const lines = IRIS.split("\n");
    const withRow = (row: number, text: string) =>
        lines.map((line, index) => (index === row - 1 ? text : line)).join("\n");
    const withoutHeader = lines.slice(1).join("\n");

    it.each([
        ["an empty file", "", " is empty: a CSV file with a header row is needed"],
        ["a header alone", `${lines[0]}\n`, " has a header (Id, SepalLengthCm, "],
        ["a missing header", withoutHeader, " has no header: its first row (1, 5.1, 3.5, 1.4, 0.2, Iris-setosa)"],
        [
            "a column's name used twice",
            IRIS.replace("SepalWidthCm", "SepalLengthCm"),
            ' row 1: the header names column "SepalL',
        ],
        ["another target", IRIS.replace("Species", "Kind"), ' has no column "Species" to predict; it has "Id", "Sepal'],
        ["a short row", withRow(7, "6,5.4,3.9"), ' row 7 has 3 cells, the header has 6: column "PetalLengthCm" and'],
        [
            "a long row",
            withRow(7, "6,5.4,3.9,1.7,0.4,Iris-setosa,x"),
            " row 7 has 7 cells, the header has 6: the first too",
        ],
        [
            "text in a numeric column",
            withRow(7, "6,5.4,wide,1.7,0.4,Iris-setosa"),
            ' row 7, column "SepalWidthCm": "wide" is text in a column of numbers (149 of 150); correct it,',
        ],
        ["a single class", lines.slice(0, 51).join("\n"), ' column "Species" has one class only ("Iris-setosa")'],
        ["nothing but the target", `Species\n${"a\nb\n".repeat(10)}`, " has no column left to learn from"],
        [
            "nothing left after dropping",
            lines.map((line) => line.replace(/,.*,/, ",")).join("\n"),
            ' has no column left to learn from after dropping "Id"',
        ],
        ["too few rows", lines.slice(0, 6).join("\n"), " has 5 rows: at least 10 are needed"],
        ["a quote that is never closed", withRow(7, '6,"5.4,3.9'), " after row 6: a quoted cell begins and never ends"],
        ["bytes that are no text", Buffer.from(IRIS.replace("setosa", "sétosa"), "latin1"), " is not UTF-8 text"],
    ])("%s", async (_, csv, message) => {
        const outcome = await train(csv, "--target=Species");
        expect(outcome.stderr).toContain(`gs://test-bucket/data/some.csv${message}`);
        expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(1);
        expect(outcome.exitCode).toBe(65);
        expect(await bucket.list("runs/")).toEqual([]);
    });
});

describe("the trainer ends with", () => {
    it("64 and all problems of its arguments", async () => {
        const outcome = await run(["--maxDepth=10abc", "--depth=3"]);
        expect(outcome).toMatchObject({ exitCode: 64, stdout: "" });
        expect(outcome.stderr.split("\n")).toEqual([
            '`maxDepth` must be an integer from 1 to 64; got "10abc" (--maxDepth=8)',
            expect.stringMatching(/^`depth` is not a hyperparameter of this trainer; known are /),
            "`target` must be the name of the column to predict; got none (--target=Species)",
            "",
        ]);
    });

    it("64 and all problems of its environment", async () => {
        const outcome = await run(["--target=Species"], {
            AIP_TRAINING_DATA_URI: undefined,
            AIP_MODEL_DIR: "/gcs/model",
        });
        expect(outcome.exitCode).toBe(64);
        expect(outcome.stderr).toMatch(/AIP_TRAINING_DATA_URI .* got none\n.*AIP_MODEL_DIR .* got "\/gcs\/model"\n/);
    });

    it("69 when there is no dataset", async () => {
        const outcome = await run(["--target=Species"]);
        expect(outcome.exitCode).toBe(69);
        expect(outcome.stderr).toMatch(
            /^Cannot read gs:\/\/test-bucket\/data\/some\.csv: there is no such object \(404: .*\)\n$/,
        );
    });

    it("69 and the role that is missing when it may not read", async () => {
        await bucket.put("data/some.csv", IRIS);
        const outcome = await run(["--target=Species"], { STORAGE_EMULATOR_HOST: bucket.strangerEndpoint });
        expect(outcome.exitCode).toBe(69);
        expect(outcome.stderr).toMatch(
            /^Cannot read gs:\S+: the service account needs roles\/storage\.objectViewer on bucket test-bucket \(403: .*\)\n$/,
        );
    });

    it("69 when nobody vouches for it", async () => {
        await bucket.put("data/some.csv", IRIS);
        const outcome = await run(["--target=Species"], { STORAGE_EMULATOR_HOST: bucket.anonymousEndpoint });
        expect(outcome.exitCode).toBe(69);
        expect(outcome.stderr).toMatch(/^Cannot read gs:\S+: no valid credentials; .* \(401: .*\)\n$/);
    });

    it("69 when there is no bucket to write to", async () => {
        await bucket.put("data/some.csv", IRIS);
        const outcome = await run(["--target=Species"], { AIP_MODEL_DIR: "gs://another-bucket/model" });
        expect(outcome.exitCode).toBe(69);
        expect(outcome.stderr).toMatch(
            /^Cannot write gs:\/\/another-bucket\/model\/metrics\.json: there is no such bucket /,
        );
    });

    it("69 when another attempt wrote another model, and keeps that", async () => {
        await bucket.put(MODEL, "another attempt's");
        const outcome = await train(IRIS, "--target=Species");
        expect(outcome.exitCode).toBe(69);
        expect(outcome.stderr).toBe(
            "Cannot write gs://test-bucket/runs/r-1/model/model.json: " +
                "another attempt of this run has written it already, with other content; that is kept (412)\n",
        );
        expect(await bucket.get(MODEL)).toBe("another attempt's");
    });

    it("0 when its own objects are there already, as after an answer that got lost", async () => {
        await train(IRIS, "--target=Species");
        expect(await run(["--target=Species"])).toMatchObject({ exitCode: 0, stderr: "" });
    });

    it("143 at once when it is stopped in the middle of the training", async () => {
        const noise = Array.from({ length: 20_000 }, (_, row) => `${(row * 7919) % 10_007},${(row * 104_729) % 7}`);
        await bucket.put("data/some.csv", `x,y\n${noise.join("\n")}\n`);
        const child = start(["--target=y"]);
        child.stderr.resume();
        for await (const chunk of child.stdout.setEncoding("utf8")) {
            if (chunk.includes("Training a decision tree")) {
                child.kill("SIGTERM");
            }
        }
        if (child.exitCode === null) {
            await once(child, "exit");
        }
        expect(child.exitCode).toBe(143);
        expect(await bucket.list("runs/")).toEqual([]);
    });
});
