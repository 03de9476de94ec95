import type { ClassificationModel, Feature, Model } from "../model";
import { ensembleNode } from "./ensemble";
import { attribute, ELEMENT_TYPE, type Graph, nodeMessage, tensorMessage, tensorValues, valueInfo } from "./messages";
import type { Message } from "./protobuf";

/** The graph that predicts rows; `toOnnx` describes its inputs and outputs. */
export function makeGraph(model: Model): Graph {
    const steps = new Steps(model.features.map(({ name }) => name));
    const outputs = model.task === "classification" ? addClasses(steps, model) : addNumber(steps, model);
    return { inputs: model.features.map(describeInput), outputs, constants: steps.constants, nodes: steps.nodes };
}

function addClasses(steps: Steps, model: ClassificationModel): Message[] {
    const label = steps.name("label");
    const probabilities = steps.name("probabilities");
    const columns = joinColumns(steps, model.features);
    const best = steps.name("best_class");
    const sums = steps.name("sums");
    steps.nodes.push(ensembleNode(model, columns, [best, sums]));
    const axis = steps.constant("axis", [1], tensorValues.int64([1]));
    const shares = meanShares(steps, sums, axis, model);
    const refused = findRefused(steps, model.features, columns);
    const ofRows = steps.add("Squeeze", [refused, axis], "refused_rows");
    const noLabel = steps.constant("no_label", [1], tensorValues.string([""]));
    const noShare = steps.constant("no_share", [1], tensorValues.float([Number.NaN]));
    steps.nodes.push(
        nodeMessage("Where", [ofRows, noLabel, best], [label]),
        nodeMessage("Where", [refused, noShare, shares], [probabilities]),
    );
    return [
        valueInfo(label, ELEMENT_TYPE.string, [], `${model.target}; "" for a row that cannot be predicted`),
        valueInfo(
            probabilities,
            ELEMENT_TYPE.float,
            [model.classes.length],
            "Shares of the classes, in the order of the metadata's `classes`; NaN for a row that cannot be predicted",
        ),
    ];
}

function addNumber(steps: Steps, model: Model): Message[] {
    const output = steps.name("value");
    const columns = joinColumns(steps, model.features);
    const mean = steps.name("mean");
    steps.nodes.push(ensembleNode(model, columns, [mean]));
    const refused = findRefused(steps, model.features, columns);
    const noNumber = steps.constant("no_number", [1], tensorValues.float([Number.NaN]));
    steps.nodes.push(nodeMessage("Where", [refused, noNumber, mean], [output]));
    return [valueInfo(output, ELEMENT_TYPE.float, [1], `${model.target}; NaN for a row that cannot be predicted`)];
}

function describeInput(feature: Feature): Message {
    if (feature.kind === "number") {
        return valueInfo(feature.name, ELEMENT_TYPE.double, [1], feature.missing ? "A number, or NaN" : "A number");
    }
    const shown = feature.categories.slice(0, 10).map((category) => JSON.stringify(category));
    const more =
        feature.categories.length > shown.length ? `, and ${feature.categories.length - shown.length} more` : "";
    return valueInfo(feature.name, ELEMENT_TYPE.string, [1], `One of ${shown.join(", ")}${more}`);
}

/**
 * All columns as one table of 64-bit numbers: text becomes the index of its category, or NaN if the category is
 * unknown.
 */
function joinColumns(steps: Steps, features: readonly Feature[]): string {
    const columns = features.map((feature, index) =>
        feature.kind === "number" ? feature.name : encodeText(steps, feature.name, feature.categories, index),
    );
    return steps.add("Concat", columns, "columns", [attribute.int("axis", 1)]);
}

function encodeText(steps: Steps, column: string, categories: readonly string[], index: number): string {
    const encoded = steps.name(`place_${index}`);
    const table = [
        attribute.strings("keys_strings", categories),
        attribute.floats("values_floats", Float32Array.from(categories.keys())),
        attribute.float("default_float", Number.NaN),
    ];
    steps.nodes.push(nodeMessage("LabelEncoder", [column], [encoded], table, "ai.onnx.ml"));
    return steps.add("Cast", [encoded], `number_${index}`, [attribute.int("to", ELEMENT_TYPE.double)]);
}

/** Computes the mean shares over the trees from sums that also contain a column for each padded class. */
function meanShares(steps: Steps, sums: string, axis: string, { classes, trees }: ClassificationModel): string {
    let shares = sums;
    if (classes.length < 3) {
        const begin = steps.constant("first_class", [1], tensorValues.int64([0]));
        const end = steps.constant("end_of_classes", [1], tensorValues.int64([classes.length]));
        shares = steps.add("Slice", [shares, begin, end, axis], "sums_of_classes");
    }
    if (trees.length > 1) {
        shares = steps.add("Div", [shares, steps.constant("trees", [1], tensorValues.float([trees.length]))], "shares");
    }
    return shares;
}

/** Booleans of shape [rows, 1], true for rows with NaN in a column that needs a value. */
function findRefused(steps: Steps, features: readonly Feature[], columns: string): string {
    const needed = features.map((feature) => feature.kind === "text" || !feature.missing);
    const isNeeded = steps.constant("is_needed", [needed.length], tensorValues.bool(needed));
    const isMissing = steps.add("And", [steps.add("IsNaN", [columns], "is_nan"), isNeeded], "is_missing");
    // ONNX does not have an "any" operator for booleans.
    const asNumbers = steps.add("Cast", [isMissing], "missing", [attribute.int("to", ELEMENT_TYPE.float)]);
    const any = steps.add("ReduceMax", [asNumbers], "any_missing", [attribute.ints("axes", [1])]);
    return steps.add("Cast", [any], "refused", [attribute.int("to", ELEMENT_TYPE.bool)]);
}

/** Collects the steps of a graph in the order of execution. Every value has its own name. */
class Steps {
    readonly nodes: Message[] = [];
    readonly constants: Message[] = [];
    readonly #taken: Set<string>;

    /** @param names that are already taken */
    constructor(names: readonly string[]) {
        this.#taken = new Set(names);
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
