import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { metricsTable, readResults, resultLines } from "../../../cli/start/results";

describe("the results of a rehearsal", () => {
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

    it("are the files and the metrics", () => {
        write("manifest.json", "status.json", "trainer.log", "model.json", "metrics.json");
        expect(readResults(folder)).toEqual({
            files: ["manifest.json", "metrics.json", "model.json", "status.json", "trainer.log"],
            metrics: { accuracy: 0.5 },
        });
    });

    it("may lack metrics, for a trainer that writes none", () => {
        write("manifest.json", "status.json", "trainer.log", "weights.bin");
        expect(readResults(folder)).toMatchObject({
            files: expect.arrayContaining(["weights.bin"]),
            metrics: undefined,
        });
    });

    it("are refused without a manifest", () => {
        write("status.json", "trainer.log", "model.json");
        expect(readResults(folder)).toEqual({ problem: `${folder} has no manifest.json` });
    });

    it("are refused without a model", () => {
        write("manifest.json", "status.json", "trainer.log");
        expect(readResults(folder)).toEqual({ problem: expect.stringContaining("AIP_MODEL_DIR") });
    });

    it("are refused when they are not there", () => {
        expect(readResults(path.join(folder, "r-1"))).toEqual({
            problem: expect.stringContaining("did not come home"),
        });
    });
});

describe("what is said of the results", () => {
    const folder = path.join("models", "local", "r-1");

    it("is where they are, and the report's path", () => {
        expect(resultLines(folder, ["model.json", "report.html"])).toEqual([
            `Results, verified, in ${folder}${path.sep}`,
            "  model.json  report.html",
            `Report: ${path.join(folder, "report.html")}`,
        ]);
    });

    it("has no report where the trainer wrote none", () => {
        expect(resultLines(folder, ["model.json", "plots/report.html"])).toHaveLength(2);
    });
});

describe("the table of metrics", () => {
    it("of many rows shows the first ones, and how many are left", () => {
        const featureImportances = Array.from({ length: 1000 }, (_, place) => ({
            feature: `x${place}`,
            importance: 0,
        }));
        const lines = metricsTable({ featureImportances });
        expect(lines).toHaveLength(1 + 1 + 20 + 1);
        expect(lines.at(-1)).toBe("  and 980 more, in metrics.json");
    });

    it("has every number at the top level, and every list of rows", () => {
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
            "  class  recall  support",
            "  a           1       10",
            "  long      0.5        9",
        ]);
    });
});
