import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { metricsTable, readResults } from "../../../cli/rehearsal/results";

describe("the results of a rehearsal", () => {
    let folder: string;
    const write = (...names: string[]) => {
        for (const name of names) writeFileSync(path.join(folder, name), '{"accuracy":0.5}');
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

describe("the table of metrics", () => {
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
