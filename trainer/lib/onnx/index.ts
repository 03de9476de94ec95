import type { Model } from "../model";
import { makeGraph } from "./graph";
import { modelMessage } from "./messages";
import { encode, lengthOf } from "./protobuf";

/** A model that the format cannot hold. */
export class OnnxError extends Error {
    override name = "OnnxError";
}

/** What a file has beside the model. */
export interface OnnxOptions {
    /** The program that the file names as its author. */
    producer: { name: string; version: string };
    /** For tests: size that a file must not exceed. @default the format's limit */
    maxBytes?: number;
}

/** Protocol Buffers' own limit: https://protobuf.dev/programming-guides/proto-limits/. */
const MAX_BYTES = 2 ** 31 - 1;

/** Places of categories pass through numbers of 32 bits, which are exact so far. */
const MAX_CATEGORIES = 2 ** 24;

/**
 * The content of `model.onnx`: the model for onnxruntime and other programs that read ONNX. The same model gives the same
 * bytes.
 *
 * Inputs: one for each column, with its name and the shape [rows, 1]; numbers of 64 bits, or strings. Outputs for
 * classes: `label` [rows], strings, and `probabilities` [rows, classes] in the order of `model.classes`; else `value`
 * [rows, 1]. Probabilities and value have 32 bits: the operators for trees have no other. An output whose name a column
 * has gets a `_` behind its own.
 *
 * It predicts what `predictRow` does. Rows that this refuses, for want of a number in a column that always had one or for
 * an unknown category, get the label "" and NaN.
 * @throws {OnnxError} for a model of 2 GiB or more, or with more than 2^24 categories in a column
 */
export function toOnnx(model: Model, { producer, maxBytes = MAX_BYTES }: OnnxOptions): Uint8Array {
    for (const feature of model.features) {
        if (feature.kind === "text" && feature.categories.length > MAX_CATEGORIES) {
            const count = `${feature.categories.length} categories`;
            throw new OnnxError(`Column ${JSON.stringify(feature.name)} has ${count}; ONNX takes ${MAX_CATEGORIES}`);
        }
    }
    const message = modelMessage({
        producer,
        description: describe(model),
        metadata: metadataOf(model),
        graph: makeGraph(model),
    });
    const length = lengthOf(message);
    if (length > maxBytes) {
        throw new OnnxError(
            `The model has ${length} bytes as ONNX, whose files have ${maxBytes} at most; ` +
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
