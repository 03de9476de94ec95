/**
 * The messages in an ONNX file that the trainer's models need. Field numbers never change; they are those of
 * https://github.com/onnx/onnx/blob/v1.12.0/onnx/onnx-ml.proto.
 */

import type { Message } from "./protobuf";
import * as wire from "./protobuf";

/** TensorProto.DataType */
export const ELEMENT_TYPE = { float: 1, int64: 7, string: 8, double: 11 } as const;

/** Version of the file format, from July 2021. ONNX 1.12 uses this version and the operator sets below. */
const IR_VERSION = 8;
/** Versions of the operator sets, by domain. onnxruntime has supported them since version 1.12, from 2022. */
const OPERATOR_SETS = { "": 17, "ai.onnx.ml": 3 };

/** The parts of a GraphProto. */
export interface Graph {
    inputs: readonly Message[];
    outputs: readonly Message[];
    constants: readonly Message[];
    /** The steps, in an order in which they can be executed. */
    nodes: readonly Message[];
}

/** ModelProto: the whole file. The description is for people, the metadata for programs. */
export function modelMessage(
    producer: { name: string; version: string },
    description: string,
    metadata: Readonly<Record<string, string>>,
    graph: Graph,
): Message {
    return [
        wire.integer(1, IR_VERSION),
        wire.text(2, producer.name),
        wire.text(3, producer.version),
        wire.text(6, description),
        wire.message(7, [
            ...graph.nodes.map((it) => wire.message(1, it)),
            wire.text(2, producer.name),
            ...graph.constants.map((it) => wire.message(5, it)),
            ...graph.inputs.map((it) => wire.message(11, it)),
            ...graph.outputs.map((it) => wire.message(12, it)),
        ]),
        ...Object.entries(OPERATOR_SETS).map(([domain, version]) =>
            wire.message(8, [wire.text(1, domain), wire.integer(2, version)]),
        ),
        ...Object.entries(metadata).map(([key, content]) =>
            wire.message(14, [wire.text(1, key), wire.text(2, content)]),
        ),
    ];
}

/** ValueInfoProto: an input or output of the graph. `shape` follows the first dimension, the rows. */
export function valueInfo(name: string, type: number, shape: readonly number[], description: string): Message {
    const dimensions = [[wire.text(2, "rows")], ...shape.map((size) => [wire.integer(1, size)])];
    const shapeMessage = dimensions.map((dimension) => wire.message(1, dimension));
    const tensorType = [wire.integer(1, type), wire.message(2, shapeMessage)];
    return [wire.text(1, name), wire.message(2, [wire.message(1, tensorType)]), wire.text(3, description)];
}

/** NodeProto: a step in the graph, named like its first output. */
export function nodeMessage(
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: readonly Message[] = [],
    domain = "",
): Message {
    return [
        wire.texts(1, inputs),
        wire.texts(2, outputs),
        wire.text(3, outputs[0] ?? operator),
        wire.text(4, operator),
        ...attributes.map((it) => wire.message(5, it)),
        wire.text(7, domain),
    ];
}

/** TensorProto: values with a shape; a constant in the graph also has a name. */
export function tensorMessage(shape: readonly number[], values: Message, name = ""): Message {
    return [wire.integers(1, shape), ...values, wire.text(8, name)];
}

/** The type and values in a TensorProto. */
export const tensorValues = {
    float: (values: readonly number[]): Message => [wire.integer(2, ELEMENT_TYPE.float), wire.floats(4, values)],
    double: (values: ArrayLike<number>): Message => [wire.integer(2, ELEMENT_TYPE.double), wire.doubles(10, values)],
    int64: (values: readonly number[]): Message => [wire.integer(2, ELEMENT_TYPE.int64), wire.integers(7, values)],
};

/** AttributeProto for a node, by the type of its value. */
export const attribute = {
    int: (name: string, value: number) => attributeMessage(name, 2, wire.integer(3, value)),
    string: (name: string, value: string) => attributeMessage(name, 3, wire.text(4, value)),
    tensor: (name: string, value: Message) => attributeMessage(name, 4, wire.message(5, value)),
    ints: (name: string, values: ArrayLike<number>) => attributeMessage(name, 7, wire.integers(8, values)),
    strings: (name: string, values: readonly string[]) => attributeMessage(name, 8, wire.texts(9, values)),
    /** Strings with only a few distinct values, each given as an index into `values`. */
    choices: (name: string, values: readonly string[], indices: ArrayLike<number>) =>
        attributeMessage(name, 8, wire.choices(9, values, indices)),
};

/** @param type indicates which field holds the value */
function attributeMessage(name: string, type: number, value: wire.Field): Message {
    return [wire.text(1, name), value, wire.integer(20, type)];
}
