import type { Dataset } from "../lib/csv/dataset";
import type { Learned } from "../lib/features/learn";
import { describeFinding } from "../lib/findings";
import { formatModel, type Model } from "../lib/model";
import { OnnxError, toOnnx } from "../lib/onnx";
import { renderReport } from "../lib/report";
import trainer from "../package.json";
import { formatGcsUri, type GcsUri } from "./environment";
import { actualOf } from "./evaluate";
import type { Findings, MetricsFile } from "./model";
import type { Content, ObjectStore } from "./storage";

/** Maximum number of points in the report; more would only add size. */
const MAX_POINTS = 2000;

interface Results {
    storage: ObjectStore;
    modelDir: GcsUri;
    dataset: Dataset;
    learned: Learned;
    model: Model;
    metrics: MetricsFile;
    findings: Findings;
    print(...lines: string[]): void;
}

/** Writes a run's files under the model folder. `model.json` comes last, so its existence means that all exist. */
export async function writeResults({
    storage,
    modelDir,
    dataset,
    learned,
    model,
    metrics,
    findings,
    print,
}: Results): Promise<void> {
    const reported = {
        ...dataset,
        dropped: [...dataset.dropped, ...learned.dropped],
        warnings: metrics.findings.filter(({ kind }) => kind !== "identifier").map(describeFinding),
    };
    await write("metrics.json", formatJson(metrics), "application/json");
    await writeOnnx();
    await write(
        "report.html",
        renderReport({
            source: dataset.source,
            dataset: reported,
            model,
            metrics,
            test: sampleOf(dataset, findings),
            trainer,
        }),
        "text/html; charset=utf-8",
    );
    await write("model.json", () => formatModel(model), "application/json");

    /** Writes model.onnx. A model that does not fit into ONNX is still valid. */
    async function writeOnnx(): Promise<void> {
        let content: Uint8Array;
        try {
            content = toOnnx(model, { producer: trainer });
        } catch (error) {
            if (!(error instanceof OnnxError)) {
                throw error;
            }
            print(`Warning: no model.onnx: ${error.message}`);
            return;
        }
        await write("model.onnx", content, "application/octet-stream");
    }

    async function write(name: string, content: Content, contentType: string): Promise<void> {
        const uri = { ...modelDir, path: modelDir.path + name };
        await storage.create(uri, content, contentType);
        print(`Wrote ${formatGcsUri(uri)}`);
    }
}

/** Actual and predicted values for rows held back, evenly sampled. */
function sampleOf({ target }: Dataset, { held }: Findings): { actual: number[]; predicted: number[] } {
    const step = Math.max(1, held.rows.length / MAX_POINTS);
    const sampled = Array.from({ length: Math.min(held.rows.length, MAX_POINTS) }, (_, index) =>
        Math.floor(index * step),
    );
    const actual = actualOf(target, held.rows);
    return {
        actual: sampled.map((index) => actual[index] as number),
        predicted: sampled.map((index) => held.predictions[index] as number),
    };
}

/** Formats JSON for reading: indented, with lists of numbers on one line. */
function formatJson(value: object): string {
    const text = JSON.stringify(value, undefined, 4).replaceAll(/\[\s+([-\d.,\se]+?)\s+\]/g, (_, numbers: string) => {
        return `[${numbers.replaceAll(/\s+/g, " ")}]`;
    });
    return `${text}\n`;
}
