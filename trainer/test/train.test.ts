import {
    bucket,
    IRIS,
    METRICS,
    MODEL,
    ONNX,
    REPORT,
    readMetrics,
    readModel,
    run,
    setUpTrainer,
    train,
} from "./built-trainer";
import { predictRow } from "./model/predict";

setUpTrainer();

/** A tree that is split until no leaf can be split further. */
const TREE = ["--algorithm=tree", "--complexity=0"];

describe("the trainer on iris", () => {
    it("writes a model that recognises at least nine out of ten unseen flowers", async () => {
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

    it("logs each step", async () => {
        const { stdout } = await train(IRIS, "--target=Species");
        expect(stdout).toContain("Read gs://test-bucket/data/some.csv: 150 rows, 6 columns, comma-separated\n");
        expect(stdout).toContain("Dropped: Id (named like an identifier and without duplicates");
        expect(stdout).toContain("Rows: 120 to train, 30 to test (stratified, testFraction 0.2, seed 42)\n");
        expect(stdout).toMatch(/^ {2}accuracy 0\.9\d+ /m);
        expect(stdout).toMatch(
            /Writing the results to gs:\/\/\S+\/\nWrote metrics\.json\nWrote model\.onnx\nWrote report\.html\nWrote model\.json\n$/,
        );
    });

    it("writes the same bytes each time", async () => {
        await train(IRIS, "--target=Species");
        const files = [MODEL, METRICS, ONNX, REPORT];
        // The report also shows when the run took place and how long it took.
        const read = async (file: string) => (await bucket.get(file))?.replace(/<dt>Finished.*?<\/div>/s, "");
        const first = await Promise.all(files.map(read));
        for (const file of files) {
            await bucket.remove(file);
        }
        await run(["--target=Species"]);
        expect(await Promise.all(files.map(read))).toEqual(first);
    });

    it("predicts a number", async () => {
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

    it("warns if the tree has no splits", async () => {
        const csv = `x,y\n${"1,a\n1,b\n".repeat(10)}`;
        const outcome = await train(csv, "--target=y");
        expect(outcome.exitCode).toBe(0);
        expect(outcome.stdout).toContain("on all 20 rows: 0 levels, 1 leaf\nWarning: the model makes no splits");
    });

    it("distinguishes many classes even if a split separates only a few", async () => {
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
            codes: [expect.any(Array)],
            other: [expect.any(Number)],
        });
    });
});

describe("the trainer with several files in a folder", () => {
    const [header = "", ...lines] = IRIS.trimEnd().split("\n");
    const env = () => ({ AIP_TRAINING_DATA_URI: `gs://${bucket.name}/data/parts/`, AIP_DATA_FORMAT: undefined });
    const put = (name: string, rows: readonly string[], first = header) =>
        bucket.put(`data/parts/${name}`, `${[first, ...rows].join("\n")}\n`);

    it("trains the same model as on a single file", async () => {
        await train(IRIS, "--target=Species");
        const single = await bucket.get(MODEL);
        for (const object of await bucket.list("runs/")) {
            await bucket.remove(object);
        }
        await put("2.csv", lines.slice(40, 90));
        await put("1.csv", lines.slice(0, 40));
        await put("3.csv", lines.slice(90));
        const outcome = await run(["--target=Species"], env());
        expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
        expect(await bucket.get(MODEL)).toBe(single);
    });

    it("names the file with a problem", async () => {
        await put("1.csv", lines.slice(0, 80));
        await put("2.csv", [...lines.slice(80), "1,2,x,4,5,Iris-setosa"]);
        const { exitCode, stderr } = await run(["--target=Species"], env());
        expect(exitCode).toBe(65);
        expect(stderr).toContain(`gs://${bucket.name}/data/parts/2.csv row 72, column "SepalWidthCm": "x" is text`);
    });

    it("rejects files with different headers, and an empty folder", async () => {
        expect(await run(["--target=Species"], env())).toMatchObject({
            exitCode: 69,
            stderr: expect.stringContaining("the folder has no objects"),
        });
        await put("1.csv", lines.slice(0, 80));
        await put("2.csv", lines.slice(80), header.replace("Id", "Number"));
        const { exitCode, stderr } = await run(["--target=Species"], env());
        expect(exitCode).toBe(65);
        expect(stderr).toContain(
            `/data/parts/2.csv row 1 must have the same header as gs://${bucket.name}/data/parts/1.csv`,
        );
    });
});

describe("the trainer with a list of a dataset's objects", () => {
    const [header = "", ...lines] = IRIS.trimEnd().split("\n");
    const LIST = "runs/r-1/dataset.json";
    const env = () => ({
        AIP_TRAINING_DATA_URI: `gs://${bucket.name}/in/part-*.csv`,
        GCP_TRAINER_DATASET_LIST: `gs://${bucket.name}/${LIST}`,
    });
    const put = (name: string, rows: readonly string[]) => bucket.put(name, `${[header, ...rows].join("\n")}\n`);
    /** Writes the list as the program does. */
    const list = async () => {
        const { items } = await bucket.emulator.ok("GET", `/storage/v1/b/${bucket.name}/o?prefix=in/`);
        const objects = (items as { name: string; generation: string }[]).map(({ name, generation }) => ({
            name,
            generation,
        }));
        await bucket.put(LIST, JSON.stringify({ schema: 1, bucket: bucket.name, objects }));
    };

    it("trains the same model as on a single file, and reads nothing that is not listed", async () => {
        await train(IRIS, "--target=Species");
        const single = await bucket.get(MODEL);
        for (const object of await bucket.list("runs/")) {
            await bucket.remove(object);
        }
        await put("in/part-2.csv", lines.slice(40));
        await put("in/part-1.csv", lines.slice(0, 40));
        await list();
        await put("in/part-3.csv", ["broken"]);

        const outcome = await run(["--target=Species"], env());

        expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
        expect(outcome.stdout).toContain(`Read gs://${bucket.name}/in/part-*.csv: 150 rows`);
        expect(await bucket.get(MODEL)).toBe(single);
    });

    it.each(["changed", "deleted"])("fails and names an object that was %s after it was listed", async (how) => {
        await put("in/part-1.csv", lines.slice(0, 75));
        await put("in/part-2.csv", lines.slice(75));
        await list();
        await bucket.remove("in/part-2.csv");
        if (how === "changed") {
            await put("in/part-2.csv", lines.slice(75));
        }

        const { exitCode, stderr } = await run(["--target=Species"], env());

        expect(exitCode).toBe(69);
        expect(stderr).toMatch(
            /^Cannot read gs:\/\/test-bucket\/in\/part-2\.csv: its generation \d+ is gone, because the object was changed or deleted after the dataset was listed; run pulumi up/,
        );
    });

    it.each([
        ["not JSON", "it is not JSON"],
        ['{"schema":1,"bucket":"b","objects":[]}', "it needs schema 1, a bucket and at least one object"],
        ['{"schema":1,"bucket":"b","objects":[{"name":"x"}]}', "objects[0] needs a name and a generation"],
    ])("rejects the list %s", async (text, problem) => {
        await bucket.put(LIST, text);

        const { exitCode, stderr } = await run(["--target=Species"], env());

        expect(exitCode).toBe(69);
        expect(stderr).toContain(
            `Cannot read gs://test-bucket/${LIST}: it must be a list of a dataset's objects; ${problem}`,
        );
    });
});

describe("the trainer's choice of model", () => {
    it("is the trial with the best cross-validation score, and every trial is reported", async () => {
        const { exitCode, stdout } = await train(IRIS, ...TREE, "--target=Species", "--maxDepth=[1,3]", "--cv=4");
        expect(exitCode).toBe(0);
        expect(stdout).toContain("Cross-validating 2 trees on the training rows, 4 folds:\n");
        const metrics = await readMetrics();
        expect(metrics).toMatchObject({
            cv: { folds: 4, measure: "accuracy" },
            hyperparameters: { algorithm: "tree", maxDepth: 3 },
            treeDepth: 3,
        });
        // A single split can distinguish at most two of three classes.
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

    it("is skipped for a single trial, which is cross-validated only on request", async () => {
        await train(IRIS, ...TREE, "--target=PetalWidthCm", "--cv=3");
        expect(await readMetrics()).toMatchObject({
            cv: { folds: 3, measure: "rmse" },
            trials: [{ hyperparameters: {}, best: true }],
        });
    });
});

describe("without settings, the trainer", () => {
    it("announces the expected time, compares a tree with forests, and says why it chose a tree for iris", async () => {
        const { stdout } = await train(IRIS, "--target=Species");
        expect(stdout).toMatch(
            /\nTime: about 1 s on \d+ threads?\nCross-validating 1 tree and 3 forests on the training/,
        );
        const [lines] = /^Chose the tree: .*\n {2}.*$/m.exec(stdout) ?? [];
        expect(Math.max(...(lines ?? "").split("\n").map((line) => line.length))).toBeLessThanOrEqual(74);
        const reason = lines?.replace("\n ", "");
        expect(reason).toMatch(
            /it is the simplest model whose Brier score is within [\d.]+ standard errors of the best/,
        );
        const metrics = await readMetrics();
        expect(metrics).toMatchObject({
            algorithm: "tree",
            choice: reason,
            cv: { folds: 5, rows: 120, measure: "brierScore", accuracy: expect.closeTo(0.95, 1) },
            treeLeaves: 3,
        });
        expect((metrics.trials as { best: boolean }[]).map(({ best }) => best)).toEqual([true, false, false, false]);
        const importances = metrics.permutationImportances as { feature: string; importance: number }[];
        expect(importances.map(({ feature }) => feature).sort()).toEqual(
            IRIS.split(/[,\r\n]/)
                .slice(1, 5)
                .sort(),
        );
        expect(importances[0]).toEqual({ feature: "PetalWidthCm", importance: expect.closeTo(0.6, 1) });
    });
});

describe("a forest", () => {
    it("predicts classes", async () => {
        const argv = ["--target=Species", "--algorithm=forest", "--trees=20"];
        const { stdout } = await train(IRIS, ...argv);
        expect(stdout).toContain("Training a forest: maxDepth 64, minNumSamples 1, trees 20");
        expect(stdout).toMatch(/^Out of bag, each row predicted by the trees that did not see it: accuracy 0\.9\d+$/m);
        const metrics = await readMetrics();
        expect(metrics).toMatchObject({ algorithm: "forest", trees: 20, outOfBag: { rows: 150 } });
        expect((metrics.outOfBag as { accuracy: number }).accuracy).toBeGreaterThan(0.9);
        const model = await readModel();
        expect(model.trees).toHaveLength(20);
        const setosa = { SepalLengthCm: "5.1", SepalWidthCm: "3.5", PetalLengthCm: "1.4", PetalWidthCm: "0.2" };
        expect(predictRow(model, setosa)).toMatchObject({ label: "Iris-setosa", probabilities: { "Iris-setosa": 1 } });
    });

    it("predicts numbers", async () => {
        await train(IRIS, "--target=PetalWidthCm", "--algorithm=forest", "--trees=20");
        const metrics = await readMetrics();
        expect(metrics).toMatchObject({ task: "regression", outOfBag: { rows: 150 } });
        expect((metrics.outOfBag as { r2: number }).r2).toBeGreaterThan(0.9);
    });

    it("exits with 64 for a gain function that belongs to the other task", async () => {
        const outcome = await train(IRIS, "--target=Species", "--gainFunction=regression");
        expect(outcome.exitCode).toBe(64);
        expect(outcome.stderr).toBe(
            '`gainFunction` must be "gini" for a classification; got "regression" (--gainFunction=gini)\n',
        );
    });

    it("exits with 64 for a maxFeatures above the number of features", async () => {
        const outcome = await train(IRIS, "--target=Species", "--algorithm=forest", "--maxFeatures=5");
        expect(outcome.exitCode).toBe(64);
        expect(outcome.stderr).toBe(
            '`maxFeatures` must be an integer from 1 to 4, the number of features; got "5" (--maxFeatures=4)\n',
        );
    });
});

describe("rows with missing values", () => {
    it("are used for training and prediction, except those without a target", async () => {
        const gaps = IRIS.replace("5.1,3.5,1.4,0.2", "5.1,,1.4,0.2").replace(/150,(.*),Iris-virginica/, "150,$1,");
        const { stdout, exitCode } = await train(gaps, "--target=Species");
        expect(exitCode).toBe(0);
        expect(stdout).toContain("Left out: 1 row without a value for Species\n");
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
        ["all of these", `\ufeff${quoted.replaceAll(",", ";").replaceAll("\n", "\r\n")}\r\n\r\n`],
    ])("%s as expected", async (_, csv) => {
        expect(await train(csv, "--target=Species")).toMatchObject({ exitCode: 0, stderr: "" });
        expect((await readMetrics()).accuracy).toBeCloseTo(0.9333, 4);
    });
});
