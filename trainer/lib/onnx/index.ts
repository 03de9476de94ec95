import type { Model } from "../model";
import { makeGraph } from "./graph";
import { modelMessage } from "./messages";
import { encode, lengthOf } from "./protobuf";

/** Thrown if the model does not fit into the format. */
export class OnnxError extends Error {
    override name = "OnnxError";
}

export interface OnnxOptions {
    /** The program that the file names as its producer. */
    producer: { name: string; version: string };
    /** For tests: maximum size of the file. @default the limit of the format */
    maxBytes?: number;
}

/** Protocol Buffers' own limit: https://protobuf.dev/programming-guides/proto-limits/. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * The content of `model.onnx`: the model for onnxruntime and other programs that read ONNX. The same model yields the
 * same bytes.
 *
 * Inputs: one for each column, with its name and the shape [rows, 1]; 64-bit numbers or strings. Outputs for a
 * classification: `label` [rows], strings, and `probabilities` [rows, classes], in the order of `model.classes`; for a
 * regression: `value` [rows, 1]. Probabilities and value have 32 bits, because the operators for trees support only
 * these. If a column has the same name as an output, `_` is appended to the name of the output.
 *
 * Its predictions equal those of `compileModel`. The input of a date is the number of seconds since 1970-01-01 00:00
 * UTC, and that of a time without a date is the number of seconds since midnight. A missing number is NaN, and missing
 * text is "".
 * @throws {OnnxError} for a model of 2 GiB or more
 */
export function toOnnx(model: Model, { producer, maxBytes = MAX_BYTES }: OnnxOptions): Uint8Array {
    const message = modelMessage({
        producer,
        description: describe(model),
        metadata: metadataOf(model),
        graph: makeGraph(model),
    });
    const length = lengthOf(message);
    if (length > maxBytes) {
        throw new OnnxError(
            `The model takes ${length} bytes as ONNX, but a file can have at most ${maxBytes}; ` +
                "fewer trees or a lower maxDepth make it smaller",
        );
    }
    return encode(message);
}

function describe(model: Model): string {
    const what = model.task === "classification" ? `one of ${model.classes.length} classes` : "a number";
    const how = model.algorithm === "tree" ? "a decision tree" : `a forest of ${model.trees.length} trees`;
    const columns = model.features.length === 1 ? "1 column" : `${model.features.length} columns`;
    return `Predicts ${JSON.stringify(model.target)}, ${what}, from ${columns}: ${how}, fitted on ${model.rows} rows.`;
}

function metadataOf(model: Model): Record<string, string> {
    return {
        task: model.task,
        target: model.target,
        ...(model.task === "classification" ? { classes: JSON.stringify(model.classes) } : {}),
        algorithm: model.algorithm,
        trees: String(model.trees.length),
        rows: String(model.rows),
        hyperparameters: JSON.stringify(model.hyperparameters),
    };
}
