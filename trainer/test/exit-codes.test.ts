import { once } from "node:events";
import { bucket, IRIS, MODEL, run, setUpTrainer, start, train } from "./built-trainer";

setUpTrainer();

describe("the trainer rejects, with exit code 65 and no model,", () => {
    const lines = IRIS.split("\n");
    const withRow = (row: number, text: string) =>
        lines.map((line, index) => (index === row - 1 ? text : line)).join("\n");
    const withoutHeader = lines.slice(1).join("\n");

    it.each([
        ["an empty file", "", " is empty: a CSV file with a header row is needed"],
        ["only a header", `${lines[0]}\n`, " has a header (Id, SepalLengthCm, "],
        ["a missing header", withoutHeader, " has no header: its first row (1, 5.1, 3.5, 1.4, 0.2, Iris-setosa)"],
        ["an unknown target", IRIS.replace("Species", "Kind"), ', which has "Id", "Sepal'],
        [
            "a short row",
            withRow(7, "6,5.4,3.9"),
            ' row 7 has 3 cells, but the header has 6: column "PetalLengthCm" and',
        ],
        [
            "a long row",
            withRow(7, "6,5.4,3.9,1.7,0.4,Iris-setosa,x"),
            " row 7 has 7 cells, but the header has 6: the first extra",
        ],
        [
            "text in a numeric column",
            withRow(7, "6,5.4,wide,1.7,0.4,Iris-setosa"),
            ' row 7, column "SepalWidthCm": "wide" is text in a column of numbers (149 of 150); correct it,',
        ],
        ["a single class", lines.slice(0, 51).join("\n"), ' column "Species" has only one class ("Iris-setosa")'],
        ["only the target", `Species\n${"a\nb\n".repeat(10)}`, " has no features left"],
        [
            "no columns left after dropping an identifier",
            lines.map((line) => line.replace(/,.*,/, ",")).join("\n"),
            ' has no features left after dropping "Id"',
        ],
        ["too few rows", lines.slice(0, 6).join("\n"), " has 5 rows: at least 10 are needed"],
        ["an unclosed quote", withRow(7, '6,"5.4,3.9'), " after row 6: a quoted cell is never closed"],
        ["bytes that are not text", Buffer.from(IRIS.replace("setosa", "sétosa"), "latin1"), " is not UTF-8 text"],
    ])("%s", async (_, csv, message) => {
        const outcome = await train(csv, "--target=Species");
        expect(outcome.stderr).toContain(`gs://test-bucket/data/some.csv${message}`);
        expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(1);
        expect(outcome.exitCode).toBe(65);
        expect(await bucket.list("runs/")).toEqual([]);
    });
});

describe("the trainer", () => {
    it("exits with 64, and lists all problems in its arguments", async () => {
        const outcome = await run(["--maxDepth=10abc", "--depth=3"]);
        expect(outcome).toMatchObject({ exitCode: 64, stdout: "" });
        expect(outcome.stderr.split("\n")).toEqual([
            '`maxDepth` must be an integer from 1 to 64; got "10abc" (--maxDepth=8)',
            expect.stringMatching(/^`depth` is not a hyperparameter of this trainer; the hyperparameters are /),
            "`target` must be the name of the column to predict; got none (--target=Species)",
            "",
        ]);
    });

    it("exits with 64, and lists all problems in its environment", async () => {
        const outcome = await run(["--target=Species"], {
            AIP_TRAINING_DATA_URI: undefined,
            AIP_MODEL_DIR: "/gcs/model",
        });
        expect(outcome.exitCode).toBe(64);
        expect(outcome.stderr).toMatch(/AIP_TRAINING_DATA_URI .* got none\n.*AIP_MODEL_DIR .* got "\/gcs\/model"\n/);
    });

    it("exits with 69 if the dataset does not exist", async () => {
        const outcome = await run(["--target=Species"]);
        expect(outcome.exitCode).toBe(69);
        expect(outcome.stderr).toMatch(
            /^Cannot read gs:\/\/test-bucket\/data\/some\.csv: the object does not exist \(404: .*\)\n$/,
        );
    });

    it("exits with 69, and names the missing role, if it lacks read access", async () => {
        await bucket.put("data/some.csv", IRIS);
        const outcome = await run(["--target=Species"], { STORAGE_EMULATOR_HOST: bucket.strangerEndpoint });
        expect(outcome.exitCode).toBe(69);
        expect(outcome.stderr).toMatch(
            /^Cannot read gs:\S+: the service account needs roles\/storage\.objectViewer on bucket test-bucket \(403: .*\)\n$/,
        );
    });

    it("exits with 69 without credentials", async () => {
        await bucket.put("data/some.csv", IRIS);
        const outcome = await run(["--target=Species"], { STORAGE_EMULATOR_HOST: bucket.anonymousEndpoint });
        expect(outcome.exitCode).toBe(69);
        expect(outcome.stderr).toMatch(/^Cannot read gs:\S+: no valid credentials; .* \(401: .*\)\n$/);
    });

    it("exits with 69 if the output bucket does not exist", async () => {
        await bucket.put("data/some.csv", IRIS);
        const outcome = await run(["--target=Species"], { AIP_MODEL_DIR: "gs://another-bucket/model" });
        expect(outcome.exitCode).toBe(69);
        expect(outcome.stderr).toMatch(
            /^Cannot write gs:\/\/another-bucket\/model\/metrics\.json: the bucket does not exist /,
        );
    });

    it("exits with 69 if another attempt wrote a different model, which is kept", async () => {
        await bucket.put(MODEL, "another attempt's");
        const outcome = await train(IRIS, "--target=Species");
        expect(outcome.exitCode).toBe(69);
        expect(outcome.stderr).toBe(
            "Cannot write gs://test-bucket/runs/r-1/model/model.json: " +
                "another attempt of this run has already written it with different content, which is kept (412)\n",
        );
        expect(await bucket.get(MODEL)).toBe("another attempt's");
    });

    it("exits with 0 if its own objects already exist, as after a lost response", async () => {
        await train(IRIS, "--target=Species");
        // The report shows when the run ended and how long it took, so another process writes a different one.
        await bucket.remove(MODEL.replace("model.json", "report.html"));
        expect(await run(["--target=Species"])).toMatchObject({ exitCode: 0, stderr: "" });
    });

    it("exits immediately with 143 if it is stopped during training", async () => {
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

describe("the log", () => {
    it("contains no deprecation warning from Node.js", async () => {
        await bucket.put("data/some.csv", IRIS);
        // Node.js 22 and newer print these warnings by default.
        const { exitCode, stderr } = await run(["--target=Species"], { NODE_OPTIONS: "--pending-deprecation" });
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    });
});
