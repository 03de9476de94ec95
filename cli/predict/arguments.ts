import path from "node:path";
import { HELP, readArguments } from "../shared/arguments";
import { IS_PACKAGE } from "../shared/project";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";

/** Output formats. */
export const FORMATS = ["csv", "jsonl", "xlsx"] as const;
export type Format = (typeof FORMATS)[number];

/** Formats by file extension. */
const ENDINGS: Readonly<Record<string, Format>> = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
};

/** Without this, npm prints two lines of its own before a script's output. */
const SILENT = IS_PACKAGE ? "" : "\n                      (npm run --silent predict leaves out npm's own lines)";

/** The text that `npm run predict -- --help` prints. */
export const USAGE = `${commandLine("predict")} predicts every row of a CSV file with a trained model.

Usage: ${commandLine("predict", "[options] MODEL INPUT [OUTPUT]")}
       ${commandLine("predict", "[options] -s STACK INPUT [OUTPUT]")}

  MODEL               a run's folder such as models/dev/r-cd0beb55a4, a
                      model.json, or the gs:// URI of either
  INPUT               a CSV file, its gs:// URI, or - for standard input
  OUTPUT              a file whose ending (.csv, .jsonl or .xlsx) sets the
                      format; default, or with -: CSV on standard output${SILENT}
  -s, --stack STACK   the newest model of the built-in trainer in models/<stack>/
  --run RUN           with --stack: the model of this run
  -f, --format NAME   csv, jsonl or xlsx, regardless of the output's name
  --force             replaces an existing output
  --help              this text

The output keeps all columns of the input in their order and adds
predicted_<target>, probability_<class> for each class, prediction_error and
prediction_note. A row that cannot be predicted is kept without a prediction;
prediction_error says why. A row with values that are new to the model is
predicted; prediction_note names them. Columns are found by name. Columns that
the model does not use are kept too.

Exit status: 0 if every row was predicted, 2 if some could not be, 1 if nothing
was written.`;

/** A parsed command line. */
export interface Arguments {
    help: boolean;
    /** Path or `gs://` URI, or a stack and optionally one of its runs. */
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
    ...HELP,
} as const;

const SHOW_HELP = commandLine("predict", "--help");

/**
 * Parses a command line.
 *
 * @throws UsageError
 */
export function parseArguments(args: string[]): Arguments {
    const maxPositionals = 3;
    const { values, positionals } = readArguments(args, { help: SHOW_HELP, options: OPTIONS, maxPositionals });
    const { stack, run, force = false, help = false } = values;
    const names = stack === undefined ? ["MODEL", "INPUT"] : ["INPUT"];
    const missing = names.slice(positionals.length);
    if (help) {
        return { help, model: "", input: "", output: "", format: "csv", force };
    }
    if (missing.length > 0) {
        throw usageError(`${missing.join(" and ")} must be given`);
    }
    if (positionals.length > names.length + 1) {
        throw usageError(`"${positionals[names.length + 1]}" is one argument too many`);
    }
    if (run !== undefined && stack === undefined) {
        throw usageError("--run requires --stack");
    }
    const [input = "", output = "-"] = positionals.slice(names.length - 1);
    const model = stack === undefined ? (positionals[0] ?? "") : { stack, run };
    if (output.startsWith("gs://")) {
        throw usageError(`The output must be a file; got "${output}": write a file, then run gcloud storage cp`);
    }
    return { help, model, input, output, format: chooseFormat(values.format, output), force };
}

function chooseFormat(name: string | undefined, output: string): Format {
    const all = FORMATS.join(", ");
    if (name !== undefined) {
        const format = FORMATS.find((each) => each === name);
        if (format === undefined) {
            throw usageError(`--format must be one of ${all}; got "${name}"`);
        }
        return format;
    }
    const format = output === "-" ? "csv" : ENDINGS[path.extname(output).toLowerCase()];
    if (format === undefined) {
        const endings = FORMATS.map((each) => `.${each}`).join(", ");
        throw usageError(`The output's name must end in one of ${endings}, or --format must be set; got "${output}"`);
    }
    return format;
}

function usageError(message: string): UsageError {
    return new UsageError(`${message} (${SHOW_HELP})`);
}
