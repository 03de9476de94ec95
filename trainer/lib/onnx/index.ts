import {
    type Arithmetic,
    type ClassificationModel,
    type CompactTree,
    compactTrees,
    datePart,
    type Feature,
    LEAF,
    type Model,
    type TextFeature,
} from "../model";
import {
    attribute,
    ELEMENT_TYPE,
    type Graph,
    modelMessage,
    nodeMessage,
    tensorMessage,
    tensorValues,
    valueInfo,
} from "./messages";
import { encode, lengthOf, type Message } from "./protobuf";

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
    const message = modelMessage(producer, describe(model), metadataOf(model), makeGraph(model));
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

/** The graph that predicts rows; `toOnnx` describes its inputs and outputs. */
function makeGraph(model: Model): Graph {
    const steps = new Steps(model.features.map(({ name }) => name));
    const outputs = model.task === "classification" ? addClasses(steps, model) : addNumber(steps, model);
    return { inputs: model.features.map(describeInput), outputs, constants: steps.constants, nodes: steps.nodes };
}

function addClasses(steps: Steps, model: ClassificationModel): Message[] {
    const label = steps.name("label");
    const probabilities = steps.name("probabilities");
    const columns = joinColumns(steps, model.features);
    const sums = steps.name("sums");
    steps.nodes.push(ensembleNode(model, columns, [label, sums]));
    steps.nodes.push(nodeMessage("Identity", [meanShares(steps, sums, model)], [probabilities]));
    const order = "Shares of the classes, in the order of the metadata's `classes`";
    return [
        valueInfo(label, ELEMENT_TYPE.string, [], model.target),
        valueInfo(probabilities, ELEMENT_TYPE.float, [model.classes.length], order),
    ];
}

function addNumber(steps: Steps, model: Model): Message[] {
    const output = steps.name("value");
    steps.nodes.push(ensembleNode(model, joinColumns(steps, model.features), [output]));
    return [valueInfo(output, ELEMENT_TYPE.float, [1], model.target)];
}

function describeInput(feature: Feature): Message {
    const type = feature.kind === "text" ? ELEMENT_TYPE.string : ELEMENT_TYPE.double;
    return valueInfo(feature.name, type, [1], describeCells(feature));
}

function describeCells(feature: Feature): string {
    if (feature.kind === "number") {
        const { boolean, unit } = feature.format ?? {};
        return boolean ? "1 for true, 0 for false, or NaN" : `A number${unit ? ` in ${unit}` : ""}, or NaN`;
    }
    if (feature.kind === "date") {
        const since = feature.order === "time" ? "midnight" : "1970-01-01 00:00 UTC";
        return `A date, as the number of seconds since ${since}, or NaN`;
    }
    const shown = feature.categories.slice(0, 10).map((category) => JSON.stringify(category));
    const more = feature.categories.length - shown.length;
    return `One of ${shown.join(", ")}${more > 0 ? `, and ${more} more` : ""}; any other text is treated as other`;
}

/** All of the trees' columns as one table of 64-bit numbers. */
function joinColumns(steps: Steps, features: readonly Feature[]): string {
    const columns = features.flatMap((feature, index) => {
        if (feature.kind === "text") {
            return feature.codes.map((_, part) => encodeText(steps, feature, index, part));
        }
        return feature.kind === "number"
            ? [feature.name]
            : feature.parts.map((part) => datePart(feature.name, part, steps.arithmetic));
    });
    return steps.add("Concat", columns, "columns", [attribute.int("axis", 1)]);
}

function encodeText(steps: Steps, feature: TextFeature, index: number, part: number): string {
    const { name, categories, codes, other } = feature;
    const encoded = steps.name(`code_${index}_${part}`);
    const isEmpty = categories.length === 0;
    const table = [
        // A table must not be empty.
        attribute.strings("keys_strings", isEmpty ? [""] : categories),
        attribute.ints("values_int64s", isEmpty ? [other[part] as number] : (codes[part] as number[])),
        attribute.int("default_int64", other[part] as number),
    ];
    steps.nodes.push(nodeMessage("LabelEncoder", [name], [encoded], table, "ai.onnx.ml"));
    return steps.add("Cast", [encoded], `number_${index}_${part}`, [attribute.int("to", ELEMENT_TYPE.double)]);
}

/** Computes the mean shares over the trees from sums that also contain a column for each padded class. */
function meanShares(steps: Steps, sums: string, { classes, trees }: ClassificationModel): string {
    let shares = sums;
    if (classes.length < 3) {
        const begin = steps.constant("first_class", [1], tensorValues.int64([0]));
        const end = steps.constant("end_of_classes", [1], tensorValues.int64([classes.length]));
        const axis = steps.constant("axis", [1], tensorValues.int64([1]));
        shares = steps.add("Slice", [shares, begin, end, axis], "sums_of_classes");
    }
    if (trees.length > 1) {
        shares = steps.add("Div", [shares, steps.constant("trees", [1], tensorValues.float([trees.length]))], "shares");
    }
    return shares;
}

/** Collects the steps of a graph in the order of execution. Every value has its own name. */
class Steps {
    readonly nodes: Message[] = [];
    readonly constants: Message[] = [];
    readonly #taken: Set<string>;

    /** @param names names that are already taken */
    constructor(names: readonly string[]) {
        this.#taken = new Set(names);
    }

    /** Arithmetic on 64-bit numbers. */
    readonly arithmetic: Arithmetic<string> = {
        add: (a, b, factor) => this.#calculate("Add", a, factor === 1 ? b : this.#calculate("Mul", b, factor)),
        scale: (a, factor, offset) => this.#calculate("Add", this.#calculate("Mul", a, factor), offset),
        floorDivide: (a, divisor) => this.add("Floor", [this.#calculate("Div", a, divisor)], "floor"),
    };

    #calculate(operator: string, a: string, b: string | number): string {
        const other = typeof b === "string" ? b : this.constant("constant", [1], tensorValues.double([b]));
        return this.add(operator, [a, other], operator.toLowerCase());
    }

    /** Returns the requested name, with `_` appended until no other value has it. */
    name(wanted: string): string {
        let name = wanted;
        while (this.#taken.has(name)) {
            name += "_";
        }
        this.#taken.add(name);
        return name;
    }

    /** Adds a step and returns the name of its result. */
    add(operator: string, inputs: readonly string[], output: string, attributes: readonly Message[] = []): string {
        const name = this.name(output);
        this.nodes.push(nodeMessage(operator, inputs, [name], attributes));
        return name;
    }

    /** Adds a constant and returns its name. */
    constant(wanted: string, shape: readonly number[], values: Message): string {
        const name = this.name(wanted);
        this.constants.push(tensorMessage(shape, values, name));
        return name;
    }
}

/** Domain of the operators for classical models. */
const DOMAIN = "ai.onnx.ml";

/**
 * The node that contains a model's trees. A row takes the true branch when its value is less than the threshold, and
 * the false one otherwise. In ml-cart, these are the left and the right branch. NaN takes the false branch, unless the
 * model sends it to the left.
 *
 * For classes, onnxruntime sums the shares in 64 bits and takes the first of the largest sums, as this trainer does.
 * For one or two classes its operator has special rules (where both have weights, it predicts the second whenever its
 * sum is above 0), so it always gets at least three classes. The added classes have no weights and cannot win.
 * https://github.com/microsoft/onnxruntime/blob/v1.20.0/onnxruntime/core/providers/cpu/ml/tree_ensemble_aggregator.h
 * @param outputs for classes, the label and the sums of shares, including padded classes; otherwise the mean of the
 * trees' numbers
 */
function ensembleNode(model: Model, input: string, outputs: readonly string[]): Message {
    const trees = compactTrees(model);
    const ints = (name: string, listOf: ListOf) => attribute.ints(name, join(Int32Array, trees, listOf));
    const doubles = (name: string, listOf: ListOf) => {
        const values = join(Float64Array, trees, listOf);
        return attribute.tensor(name, tensorMessage([values.length], tensorValues.double(values)));
    };
    const isLeaf: ListOf = ({ columns }) => columns.map((column) => (column === LEAF ? 1 : 0));
    // A leaf has 0 in the lists for splits. The root is node 0. The true node is ml-cart's left child.
    const nodes = [
        ints("nodes_treeids", ({ columns }, treeId) => columns.map(() => treeId)),
        ints("nodes_nodeids", ({ columns }) => columns.map((_, node) => node)),
        attribute.choices("nodes_modes", ["BRANCH_LT", "LEAF"], join(Uint8Array, trees, isLeaf)),
        ints("nodes_featureids", ({ columns }) => columns.map((column) => (column === LEAF ? 0 : column))),
        doubles("nodes_values_as_tensor", ({ columns, values }) => {
            return values.map((value, node) => (columns[node] === LEAF ? 0 : value));
        }),
        ...(trees.some(({ missingLeft }) => missingLeft.includes(1))
            ? [ints("nodes_missing_value_tracks_true", ({ missingLeft }) => missingLeft)]
            : []),
        ints("nodes_truenodeids", ({ columns }) => columns.map((column, node) => (column === LEAF ? 0 : node + 1))),
        ints("nodes_falsenodeids", ({ columns, links }) => {
            return links.map((link, node) => (columns[node] === LEAF ? 0 : link));
        }),
        attribute.string("post_transform", "NONE"),
    ];
    if (model.task === "classification") {
        const weights = [
            ints("class_treeids", ({ leafShares }, treeId) => new Int32Array(leafShares.length).fill(treeId)),
            ints("class_nodeids", nodesOfShares),
            ints("class_ids", ({ leafClasses }) => leafClasses),
            doubles("class_weights_as_tensor", ({ leafShares }) => leafShares),
        ];
        const padding = Array.from({ length: Math.max(0, 3 - model.classes.length) }, () => "");
        const labels = attribute.strings("classlabels_strings", [...model.classes, ...padding]);
        return nodeMessage("TreeEnsembleClassifier", [input], outputs, [...nodes, ...weights, labels], DOMAIN);
    }
    const targets = [
        ints("target_treeids", (tree, treeId) => leavesOf(tree).map(() => treeId)),
        ints("target_nodeids", leavesOf),
        ints("target_ids", (tree) => leavesOf(tree).fill(0)),
        doubles("target_weights_as_tensor", (tree) => {
            return Float64Array.from(leavesOf(tree), (node) => tree.values[node] as number);
        }),
        attribute.string("aggregate_function", "AVERAGE"),
        attribute.int("n_targets", 1),
    ];
    return nodeMessage("TreeEnsembleRegressor", [input], outputs, [...nodes, ...targets], DOMAIN);
}

/** Returns a tree's entries in one of the parallel lists that ONNX's operators expect. */
type ListOf = (tree: CompactTree, treeId: number) => ArrayLike<number>;

/** Joins the entries of all trees. */
function join<T extends Int32Array | Uint8Array | Float64Array>(
    type: new (length: number) => T,
    trees: readonly CompactTree[],
    listOf: ListOf,
): T {
    const lists = trees.map(listOf);
    const all = new type(lists.reduce((sum, { length }) => sum + length, 0));
    let start = 0;
    for (const list of lists) {
        all.set(list, start);
        start += list.length;
    }
    return all;
}

function leavesOf({ columns }: CompactTree): Int32Array {
    return columns.map((_, node) => node).filter((node) => columns[node] === LEAF);
}

/** The node of each share. A leaf has at least one, because otherwise onnxruntime would have no label for it. */
function nodesOfShares(tree: CompactTree): Int32Array {
    const nodes = new Int32Array(tree.leafShares.length);
    for (const [leaf, node] of leavesOf(tree).entries()) {
        nodes.fill(node, tree.leafStarts[leaf], tree.leafStarts[leaf + 1]);
    }
    return nodes;
}
