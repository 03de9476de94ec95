import { nodeMessage, tensorMessage } from "./messages";
import type { Message } from "./protobuf";

/** Collects the steps of a graph, in the order in which they are run. Every value in it has a name of its own. */
export class Steps {
    readonly nodes: Message[] = [];
    readonly constants: Message[] = [];
    readonly #taken: Set<string>;

    /** @param names that are given already */
    constructor(names: readonly string[]) {
        this.#taken = new Set(names);
    }

    /** The wanted name, with a `_` behind it for as long as another value has it. */
    name(wanted: string): string {
        let name = wanted;
        while (this.#taken.has(name)) {
            name += "_";
        }
        this.#taken.add(name);
        return name;
    }

    /** Adds a step, and gives the name of its result. */
    add(operator: string, inputs: readonly string[], output: string, attributes: readonly Message[] = []): string {
        const name = this.name(output);
        this.nodes.push(nodeMessage(operator, inputs, [name], attributes));
        return name;
    }

    /** Adds a constant, and gives its name. */
    constant(wanted: string, shape: readonly number[], values: Message): string {
        const name = this.name(wanted);
        this.constants.push(tensorMessage(shape, values, name));
        return name;
    }
}
