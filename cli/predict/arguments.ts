import path from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../start/stack-config";

/** How predictions may be written. */
export const FORMATS = ["csv", "jsonl", "xlsx"] as const;
export type Format = (typeof FORMATS)[number];

/** Endings of file names. */
const ENDINGS: Readonly<Record<string, Format>> = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
};

/** Text of `npm run predict -- --help`. */
export const USAGE = `npm run predict predicts every row of a CSV file with a trained model.

Usage: npm run predict -- [options] MODEL INPUT [OUTPUT]
       npm run predict -- [options] -s STACK INPUT [OUTPUT]

  MODEL               a run's folder such as models/dev/r-cd0beb55a4, a model.json, or the gs:// URI of either
  INPUT               a CSV file, its gs:// URI, or - for standard input
  OUTPUT              what its name ends in: .csv, .jsonl or .xlsx; left out or -: CSV on standard output
                      (npm run --silent predict -- ..., or npm's own lines come first)
  -s, --stack STACK   the model in models/<stack>/, of the run that finished last
  --run RUN           with --stack: the model of that run
  -f, --format NAME   csv, jsonl or xlsx, whatever the output's name
  --force             replaces an output that is there
  --help              this text

All columns of the input are kept, in their order. After them come predicted_<target>, for classes probability_<class> of each, and
prediction_error: a row that cannot be predicted is kept without a prediction, and says there why. Columns are found by their names;
those that the model does not know are kept as well.

Exit status: 0 when every row is predicted, 2 when some could not be, 1 when nothing was written.`;

/** A command line, read. */
export interface Arguments {
    help: boolean;
    /** Path or `gs://` URI; or a stack, and maybe one of its runs. */
    model: string | { stack: string; run: string | undefined };
    /** Path, `gs://` URI, or `-`. */
    input: string;
    /** Path, or `-`. */
    output: string;
    format: Format;
    force: boolean;
}

const OPTIONS = {
    stack: { type: "string", short: "s" },
    run: { type: "string" },
    format: { type: "string", short: "f" },
    force: { type: "boolean" },
    help: { type: "boolean", short: "h" },
} as const;

/**
 * Reads a command line.
 *
 * @throws UsageError
 */
export function readArguments(args: string[]): Arguments {
    const { values, positionals } = parse(args);
    const { stack, run, force = false, help = false } = values;
    const names = stack === undefined ? ["MODEL", "INPUT"] : ["INPUT"];
    const lacking = names.slice(positionals.length);
    if (help) {
        return { help, model: "", input: "", output: "", format: "csv", force };
    }
    if (lacking.length > 0) {
        throw usageError(`${lacking.join(" and ")} must be given`);
    }
    if (positionals.length > names.length + 1) {
        throw usageError(`"${positionals[names.length + 1]}" is one argument too many`);
    }
    if (run !== undefined && stack === undefined) {
        throw usageError("--run needs --stack");
    }
    const [input = "", output = "-"] = positionals.slice(names.length - 1);
    const model = stack === undefined ? (positionals[0] ?? "") : { stack, run };
    if (output.startsWith("gs://")) {
        throw usageError(`The output must be a file; got "${output}": write a file, then gcloud storage cp it`);
    }
    return { help, model, input, output, format: chooseFormat(values.format, output), force };
}

function parse(args: string[]) {
    try {
        return parseArgs({ args, options: OPTIONS, allowPositionals: true });
    } catch (error) {
        throw usageError((error as Error).message);
    }
}

function chooseFormat(wanted: string | undefined, output: string): Format {
    const all = FORMATS.join(", ");
    if (wanted !== undefined) {
        const format = FORMATS.find((name) => name === wanted);
        if (format === undefined) {
            throw usageError(`--format must be one of ${all}; got "${wanted}"`);
        }
        return format;
    }
    const format = output === "-" ? "csv" : ENDINGS[path.extname(output).toLowerCase()];
    if (format === undefined) {
        const endings = FORMATS.map((name) => `.${name}`).join(", ");
        throw usageError(
            `The output's name must end in one of ${endings}, or --format say one of ${all}; got "${output}"`,
        );
    }
    return format;
}

function usageError(message: string): UsageError {
    return new UsageError(`${message} (npm run predict -- --help)`);
}
