import {
    type Arithmetic,
    type ClassificationModel,
    datePart,
    type Feature,
    type Model,
    type NumberFeature,
    type TextFeature,
} from "../model";
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
    const { name } = feature;
    switch (feature.kind) {
        case "number":
            return valueInfo(name, ELEMENT_TYPE.double, [1], describeNumber(feature));
        case "date": {
            const since = feature.order === "time" ? "midnight" : "1970-01-01 00:00 UTC";
            return valueInfo(name, ELEMENT_TYPE.double, [1], `A date, as the number of seconds since ${since}, or NaN`);
        }
        case "text": {
            const shown = feature.categories.slice(0, 10).map((category) => JSON.stringify(category));
            const more = feature.categories.length - shown.length;
            const known = `${shown.join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
            return valueInfo(name, ELEMENT_TYPE.string, [1], `One of ${known}; any other text is treated as other`);
        }
    }
}

function describeNumber({ format = {} }: NumberFeature): string {
    if (format.boolean) {
        return "1 for true, 0 for false, or NaN";
    }
    return format.unit === undefined ? "A number, or NaN" : `A number in ${format.unit}, or NaN`;
}

/** All of the trees' columns as one table of 64-bit numbers. */
function joinColumns(steps: Steps, features: readonly Feature[]): string {
    const columns = features.flatMap((feature, index) => {
        if (feature.kind === "text") {
            return feature.codes.map((codes, part) => encodeText(steps, feature, codes, index, part));
        }
        return feature.kind === "number"
            ? [feature.name]
            : feature.parts.map((part) => datePart(feature.name, part, steps.arithmetic));
    });
    return steps.add("Concat", columns, "columns", [attribute.int("axis", 1)]);
}

function encodeText(
    steps: Steps,
    { name, categories, other }: TextFeature,
    codes: readonly number[],
    index: number,
    part: number,
): string {
    const encoded = steps.name(`code_${index}_${part}`);
    const isEmpty = categories.length === 0;
    const table = [
        // A table must not be empty.
        attribute.strings("keys_strings", isEmpty ? [""] : categories),
        attribute.ints("values_int64s", isEmpty ? [other[part] as number] : codes),
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
