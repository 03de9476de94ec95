/**
 * The messages in an ONNX file that the trainer's models need. Field numbers never change; they are those of
 * https://github.com/onnx/onnx/blob/v1.12.0/onnx/onnx-ml.proto.
 */

import {
    choices,
    doubles,
    type Field,
    floats,
    integer,
    integers,
    type Message,
    message,
    text,
    texts,
} from "./protobuf";

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

/** The parts of a ModelProto. */
export interface OnnxModel {
    producer: { name: string; version: string };
    /** A description for people to read. */
    description: string;
    /** Metadata for programs to read. */
    metadata: Readonly<Record<string, string>>;
    graph: Graph;
}

/** ModelProto: the whole file. */
export function modelMessage({ producer, description, metadata, graph }: OnnxModel): Message {
    return [
        integer(1, IR_VERSION),
        text(2, producer.name),
        text(3, producer.version),
        text(6, description),
        message(7, [
            ...graph.nodes.map((it) => message(1, it)),
            text(2, producer.name),
            ...graph.constants.map((it) => message(5, it)),
            ...graph.inputs.map((it) => message(11, it)),
            ...graph.outputs.map((it) => message(12, it)),
        ]),
        ...Object.entries(OPERATOR_SETS).map(([domain, version]) => message(8, [text(1, domain), integer(2, version)])),
        ...Object.entries(metadata).map(([key, content]) => message(14, [text(1, key), text(2, content)])),
    ];
}

/** ValueInfoProto: an input or output of the graph. `shape` follows the first dimension, the rows. */
export function valueInfo(name: string, type: number, shape: readonly number[], description: string): Message {
    const dimensions = [[text(2, "rows")], ...shape.map((size) => [integer(1, size)])];
    const shapeMessage = dimensions.map((dimension) => message(1, dimension));
    const tensorType = [integer(1, type), message(2, shapeMessage)];
    return [text(1, name), message(2, [message(1, tensorType)]), text(3, description)];
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
        texts(1, inputs),
        texts(2, outputs),
        text(3, outputs[0] ?? operator),
        text(4, operator),
        ...attributes.map((it) => message(5, it)),
        text(7, domain),
    ];
}

/** TensorProto: values with a shape; a constant in the graph also has a name. */
export function tensorMessage(shape: readonly number[], values: Message, name = ""): Message {
    return [integers(1, shape), ...values, text(8, name)];
}

/** The type and values in a TensorProto. */
export const tensorValues = {
    float: (values: readonly number[]): Message => [integer(2, ELEMENT_TYPE.float), floats(4, values)],
    double: (values: ArrayLike<number>): Message => [integer(2, ELEMENT_TYPE.double), doubles(10, values)],
    int64: (values: readonly number[]): Message => [integer(2, ELEMENT_TYPE.int64), integers(7, values)],
};

/** AttributeProto for a node, by the type of its value. */
export const attribute = {
    int: (name: string, value: number) => attributeMessage(name, 2, integer(3, value)),
    string: (name: string, value: string) => attributeMessage(name, 3, text(4, value)),
    tensor: (name: string, value: Message) => attributeMessage(name, 4, message(5, value)),
    ints: (name: string, values: ArrayLike<number>) => attributeMessage(name, 7, integers(8, values)),
    strings: (name: string, values: readonly string[]) => attributeMessage(name, 8, texts(9, values)),
    /** Strings with only a few distinct values, each given as an index into `values`. */
    choices: (name: string, values: readonly string[], indices: ArrayLike<number>) =>
        attributeMessage(name, 8, choices(9, values, indices)),
};

/** @param type indicates which field holds the value */
function attributeMessage(name: string, type: number, value: Field): Message {
    return [text(1, name), value, integer(20, type)];
}
