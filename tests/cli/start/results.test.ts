import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { metricsTable, readResults, summaryLines } from "../../../cli/start/results";

describe("readResults", () => {
    let folder: string;
    const write = (...names: string[]) => {
        for (const name of names) {
            writeFileSync(path.join(folder, name), '{"accuracy":0.5}');
        }
    };

    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "results-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("returns the files and the metrics", () => {
        write("manifest.json", "status.json", "trainer.log", "model.json", "metrics.json");
        expect(readResults(folder)).toEqual({
            files: ["manifest.json", "metrics.json", "model.json", "status.json", "trainer.log"],
            metrics: { accuracy: 0.5 },
        });
    });

    it("returns no metrics if the trainer wrote none", () => {
        write("manifest.json", "status.json", "trainer.log", "weights.bin");
        expect(readResults(folder)).toMatchObject({
            files: expect.arrayContaining(["weights.bin"]),
            metrics: undefined,
        });
    });

    it("reports a missing manifest", () => {
        write("status.json", "trainer.log", "model.json");
        expect(readResults(folder)).toEqual({ problem: `${folder} does not contain manifest.json` });
    });

    it("reports a missing model", () => {
        write("manifest.json", "status.json", "trainer.log");
        expect(readResults(folder)).toEqual({ problem: expect.stringContaining("AIP_MODEL_DIR") });
    });

    it("reports a missing folder", () => {
        expect(readResults(path.join(folder, "r-1"))).toEqual({
            problem: expect.stringContaining("the results were not saved"),
        });
    });
});

describe("summaryLines", () => {
    const folder = path.resolve("/project/models/local/r-0");
    const files = [
        "manifest.json",
        "metrics.json",
        "model.json",
        "model.onnx",
        "report.html",
        "status.json",
        "trainer.log",
    ];

    it("ends with the first metric, the report's address, the model's path as seen from the user's folder, and the price", () => {
        const metrics = { schema: 1, accuracy: 0.93333, rows: 150 };

        const cost = {
            currency: "USD",
            hourlyUsd: 0.0687,
            attemptUsd: 0.1,
            worstCaseUsd: 4.744,
            expectedUsd: null,
            isExample: true,
        } as const;

        expect(summaryLines({ folder, files, metrics, cost }, path.resolve("/project/data"))).toEqual([
            "accuracy: 0.93333",
            `Report: ${pathToFileURL(path.join(folder, "report.html")).href}`,
            `Model: ${path.join("..", "models/local/r-0/model.json")}`,
            "Price: $0.0687 an hour, at most $4.74 (example amounts)",
        ]);
    });

    it("names a model with a different file name, and leaves out what the trainer did not write", () => {
        const others = [
            "checkpoints/model.txt",
            "logs/events.out",
            "manifest.json",
            "model.joblib",
            "plots/report.html",
        ];

        const cost = { unknown: "no network" };

        expect(summaryLines({ folder, files: others, metrics: undefined, cost }, folder)).toEqual([
            "Model: model.joblib",
            "Price: unknown, because no network",
        ]);
    });
});

describe("metricsTable", () => {
    it("leaves out a list without numbers, such as the findings", () => {
        const findings = [{ kind: "identifier", column: "Id", message: "left out" }];

        expect(metricsTable({ accuracy: 1, findings })).toEqual([expect.stringContaining("accuracy")]);
    });

    it("truncates a long list and says how many rows are omitted", () => {
        const featureImportances = Array.from({ length: 1000 }, (_, index) => ({
            feature: `x${index}`,
            importance: 0,
        }));
        const lines = metricsTable({ featureImportances });
        expect(lines).toHaveLength(1 + 1 + 1 + 20 + 1);
        expect(lines.at(-1)).toBe("    and 980 more, in metrics.json");
    });

    it("shows all top-level numbers and all lists of rows", () => {
        const lines = metricsTable({
            schema: 1,
            task: "classification",
            accuracy: 0.96666,
            confusionMatrix: [[10, 0]],
            classes: [
                { class: "a", recall: 1, support: 10 },
                { class: "long", recall: 0.5, support: 9 },
            ],
        });
        expect(lines).toEqual([
            "  accuracy      0.96666",
            "",
            "  classes:",
            "    class  recall  support",
            "    a           1       10",
            "    long      0.5        9",
        ]);
    });

    it("gives lists with the same columns separate titles", () => {
        const lines = metricsTable({
            featureImportances: [{ feature: "x", importance: 1 }],
            permutationImportances: [{ feature: "x", importance: 0.5 }],
        });

        expect(lines.filter((line) => line.endsWith(":"))).toEqual([
            "  featureImportances:",
            "  permutationImportances:",
        ]);
    });

    it("shows columns that do not fit the width of a terminal below the others", () => {
        const classes = [{ label: "Iris-versicolor", precision: 0.83333, recall: 1, ["a".repeat(60)]: 1 }];
        const lines = metricsTable({ classes });

        expect(lines).toEqual([
            "",
            "  classes:",
            "    label            precision  recall",
            "    Iris-versicolor    0.83333       1",
            `    label            ${"a".repeat(60)}`,
            `    Iris-versicolor  ${"1".padStart(60)}`,
        ]);
    });
});
