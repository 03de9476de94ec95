import type { Encoding } from "../../trainer/lib/csv/decode";
import type { Model } from "../../trainer/lib/model";
import { processTerminal } from "../shared/command-context";
import { Screen } from "../shared/screen";
import { countOf } from "../shared/text";
import { type Format, parseArguments, USAGE } from "./arguments";
import { findColumns, namePredictedColumns } from "./columns";
import { readCsv } from "./csv-file";
import { findModel } from "./find-model";
import { formatCsv } from "./formats/csv";
import { formatExcel } from "./formats/excel";
import type { FormatRows } from "./formats/format";
import { formatJsonLines } from "./formats/json-lines";
import { checkOutput, type Output, openOutput } from "./output";
import { predictRows } from "./predict-rows";
import { ProblemReport } from "./problem-report";
import { openSource, type PredictContext } from "./source";

const FORMATTERS: Readonly<Record<Format, FormatRows>> = {
    csv: formatCsv,
    jsonl: formatJsonLines,
    xlsx: formatExcel,
};

/**
 * Implements `npm run predict`.
 *
 * @returns the exit status: 0 if every row was predicted, 2 if some could not be
 * @throws UsageError for a problem with the command line, model, input or output, in which case nothing is written
 */
export async function predict(args: string[], context: PredictContext): Promise<number> {
    const { folder, report, stdout } = context;
    const options = parseArguments(args);
    if (options.help) {
        new Screen(processTerminal(stdout)).print(USAGE);
        return 0;
    }
    const { model, name: modelName } = await findModel(options.model, context);
    report(`Model ${modelName}: ${describeModel(model)}`);
    const inputs = [
        { what: "input", name: options.input },
        { what: "model", name: modelName },
    ];
    const file = checkOutput(options.output, options.force, inputs, folder);

    const startedAt = performance.now();
    const source = options.input === "-" ? "Standard input" : options.input;
    const bytes = await openSource(options.input, "input", context);
    try {
        const input = await readCsv(bytes, source, model.reading.encoding as Encoding | undefined);
        const columns = findColumns(model, input, source);
        const predicted = namePredictedColumns(model, input.header.cells);
        if (predicted.taken.length > 0) {
            report(
                `${source} already has ${predicted.taken.join(", ")}: the new columns begin with ${predicted.prediction}`,
            );
        }
        const problems = new ProblemReport(source, report);
        const rows = problems.watch(predictRows(model, columns, input.header.cells.length, input.rows));
        const chunks = FORMATTERS[options.format](rows, { input, columns, predicted });
        await writeAll(chunks, await openOutput(file, context), context.signal);
        problems.end();
        report(describeResult(problems, options.output, (performance.now() - startedAt) / 1000));
        return problems.failedRows === 0 ? 0 : 2;
    } finally {
        bytes.destroy();
    }
}

async function writeAll(
    chunks: AsyncIterable<string | Uint8Array>,
    output: Output,
    signal: AbortSignal,
): Promise<void> {
    try {
        for await (const chunk of chunks) {
            signal.throwIfAborted();
            await output.write(chunk);
        }
        signal.throwIfAborted();
        await output.commit();
    } catch (error) {
        await output.discard();
        throw error;
    }
}

function describeModel(model: Model): string {
    const { algorithm, target, features, trees, rows } = model;
    const what = algorithm === "forest" ? `forest of ${countOf(trees.length, "tree")}` : "tree";
    const classes = model.task === "classification" ? `, ${countOf(model.classes.length, "class", "classes")}` : "";
    return `${what} for ${target}${classes}, from ${countOf(features.length, "column")}, fitted on ${countOf(rows, "row")}`;
}

function describeResult({ rows, failedRows, notedRows }: ProblemReport, output: string, seconds: number): string {
    const where = output === "-" ? "standard output" : output;
    const failed = failedRows === 0 ? "" : `, ${failedRows} of them without a prediction`;
    const noted = notedRows === 0 ? "" : `, ${notedRows} with values that are new to the model (prediction_note)`;
    const rate = Math.round(rows / Math.max(seconds, 0.001)).toLocaleString("en-US");
    return `Wrote ${where}: ${countOf(rows, "row")}${failed}${noted}, in ${seconds.toFixed(seconds < 10 ? 2 : 0)} s (${rate} rows/s)`;
}
