import type { Dataset } from "../lib/csv/dataset";
import type { Model } from "../lib/model";
import { OnnxError, toOnnx } from "../lib/onnx";
import { renderReport } from "../lib/report";
import trainer from "../package.json";
import { formatGcsUri, type GcsUri } from "./environment";
import { actualOf } from "./evaluate";
import type { Findings, MetricsFile } from "./model";
import type { ObjectStore } from "./storage";

/** Points that the report draws at most: more say nothing more, and make the file large. */
const MAX_POINTS = 2000;

interface Results {
    storage: ObjectStore;
    modelDir: GcsUri;
    dataset: Dataset;
    model: Model;
    metrics: MetricsFile;
    findings: Findings;
    print(...lines: string[]): void;
}

/** Writes the files of a run under the model's folder. `model.json` comes last: where it is, everything is. */
export async function writeResults({
    storage,
    modelDir,
    dataset,
    model,
    metrics,
    findings,
    print,
}: Results): Promise<void> {
    await write("metrics.json", formatJson(metrics), "application/json");
    await writeOnnx();
    await write(
        "report.html",
        renderReport({ source: dataset.source, dataset, model, metrics, test: sampleOf(dataset, findings), trainer }),
        "text/html; charset=utf-8",
    );
    await write("model.json", `${JSON.stringify(model)}\n`, "application/json");

    /** A model that ONNX cannot hold is a model all the same. */
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

    async function write(name: string, content: string | Uint8Array, contentType: string): Promise<void> {
        const uri = { ...modelDir, path: modelDir.path + name };
        await storage.create(uri, content, contentType);
        print(`Wrote ${formatGcsUri(uri)}`);
    }
}

/** True and predicted values of rows held back, spread evenly over them. */
function sampleOf({ target }: Dataset, { held }: Findings): { actual: number[]; predicted: number[] } {
    const step = Math.max(1, held.rows.length / MAX_POINTS);
    const places = Array.from({ length: Math.min(held.rows.length, MAX_POINTS) }, (_, place) =>
        Math.floor(place * step),
    );
    const actual = actualOf(target, held.rows);
    return {
        actual: places.map((place) => actual[place] as number),
        predicted: places.map((place) => held.predictions[place] as number),
    };
}

/** JSON for people: indented, lists of numbers on one line. */
function formatJson(value: object): string {
    const text = JSON.stringify(value, undefined, 4).replaceAll(/\[\s+([-\d.,\se]+?)\s+\]/g, (_, numbers: string) => {
        return `[${numbers.replaceAll(/\s+/g, " ")}]`;
    });
    return `${text}\n`;
}
