import type { Checked } from "../lib/check/check";
import { valueAt } from "../lib/columns/number-list";
import type { Dataset } from "../lib/csv/dataset";
import { formatModel, type Model } from "../lib/model";
import { OnnxError, toOnnx } from "../lib/onnx";
import { type MetricsFile, type ReportTable, type RunFacts, renderReport } from "../lib/report";
import trainer from "../package.json";
import { formatGcsUri, type GcsUri } from "./environment";
import { actualOf } from "./evaluate";
import type { Findings } from "./model";
import type { Content, ObjectStore } from "./storage";

/** Writes a run's files under the model folder. `model.json` comes last, so its existence means that all exist. */
export async function writeResults(
    storage: ObjectStore,
    modelDir: GcsUri,
    { dataset, learned }: Checked,
    model: Model,
    metrics: MetricsFile,
    { held }: Findings,
    run: RunFacts,
    print: (line: string) => void,
): Promise<void> {
    print(`Writing the results to ${formatGcsUri(modelDir)}`);
    await write("metrics.json", formatJson(metrics), "application/json");
    await writeOnnx();
    await write(
        "report.html",
        renderReport({
            source: dataset.source,
            dataset: { ...dataset, dropped: [...dataset.dropped, ...learned.dropped] },
            model,
            metrics,
            test: { ...held, actual: actualOf(dataset.target, held.rows) },
            table: tableOf(dataset),
            run,
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
        await storage.create({ ...modelDir, path: modelDir.path + name }, content, contentType);
        print(`Wrote ${name}`);
    }
}

function tableOf({ rowCount, target, columns, lineOf }: Dataset): ReportTable {
    return {
        rowCount,
        target: target.y,
        lineOf,
        columns: columns.map((column) => ({
            name: column.name,
            isText: column.kind === "text",
            at: (row) =>
                column.kind === "text"
                    ? column.dictionary.text(column.values.ints[row] as number)
                    : valueAt(column.values, row),
        })),
    };
}

/** Formats JSON for reading: indented, with lists of numbers on one line. */
function formatJson(value: object): string {
    const text = JSON.stringify(value, undefined, 4).replaceAll(/\[\s+([-\d.,\se]+?)\s+\]/g, (_, numbers: string) => {
        return `[${numbers.replaceAll(/\s+/g, " ")}]`;
    });
    return `${text}\n`;
}
