import type { Model } from "../../trainer/lib/model";
import { readArguments, USAGE } from "./arguments";
import { findColumns } from "./columns";
import { readCsv } from "./csv-rows";
import { findModel } from "./find-model";
import { FORMATTERS } from "./formats";
import { checkOutput, type Output, openOutput } from "./output";
import { predictRows } from "./predict-rows";
import { namePredictedColumns } from "./predicted-columns";
import { ProblemReport } from "./problem-report";
import { openSource, type Surroundings } from "./source";

/**
 * `npm run predict`.
 *
 * @returns the exit status: 0 when every row is predicted, 2 when some could not be
 * @throws UsageError when there is something to mend, and nothing is written then: the command line, model, input, output
 */
export async function predict(args: string[], surroundings: Surroundings): Promise<number> {
    const { folder, note } = surroundings;
    const options = readArguments(args);
    if (options.help) {
        note(USAGE);
        return 0;
    }
    const { model, place } = await findModel(options.model, surroundings);
    note(`Model ${place}: ${describeModel(model)}`);
    const kept = [
        { what: "input", name: options.input },
        { what: "model", name: place },
    ];
    const file = checkOutput(options.output, options.force, kept, folder);

    const startedAt = performance.now();
    const source = options.input === "-" ? "Standard input" : options.input;
    const bytes = await openSource(options.input, "input", surroundings);
    try {
        const input = await readCsv(bytes, source);
        const columns = findColumns(model, input, source);
        const predicted = namePredictedColumns(model, input.header.cells);
        if (predicted.taken.length > 0) {
            note(
                `${source} has ${predicted.taken.join(", ")} already: the new columns begin with ${predicted.prediction}`,
            );
        }
        const report = new ProblemReport(source, note);
        const rows = report.watch(predictRows(model, columns, input.header.cells.length, input.rows));
        const chunks = FORMATTERS[options.format](rows, { input, columns, predicted });
        await writeAll(chunks, await openOutput(file, surroundings), surroundings.signal);
        report.end();
        note(describeResult(report, options.output, (performance.now() - startedAt) / 1000));
        return report.failedRows === 0 ? 0 : 2;
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
    const what = algorithm === "forest" ? `forest of ${count(trees.length, "tree")}` : "tree";
    const kind = model.task === "classification" ? `, ${count(model.classes.length, "class", "classes")}` : "";
    return `${what} for ${target}${kind}, from ${count(features.length, "column")}, fitted on ${count(rows, "row")}`;
}

function describeResult({ rows, failedRows }: ProblemReport, output: string, seconds: number): string {
    const where = output === "-" ? "standard output" : output;
    const failed = failedRows === 0 ? "" : `, ${failedRows} of them without a prediction`;
    const rate = Math.round(rows / Math.max(seconds, 0.001));
    return `Wrote ${where}: ${count(rows, "row")}${failed}, in ${seconds.toFixed(seconds < 10 ? 2 : 0)} s (${rate} rows/s)`;
}

function count(number: number, one: string, many = `${one}s`): string {
    return `${number} ${number === 1 ? one : many}`;
}
