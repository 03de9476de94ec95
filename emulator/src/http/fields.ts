import { invalid } from "./errors";

/** A parsed `fields` mask. It maps each name to the mask of its value, or to "all" for the whole value. */
type Mask = Map<string, Mask | "all">;

/**
 * Applies Google's `fields` parameter (partial responses): `kind,items(name,size)`, `services/name`, `*`. Arrays are
 * masked element by element. Names missing from the value are ignored.
 * https://cloud.google.com/storage/docs/json_api#partial-response
 */
export function applyFields(value: object, fields: string): object {
    const mask = new MaskParser(fields).parse();
    return pick(value, mask) as object;
}

function pick(value: unknown, mask: Mask | "all"): unknown {
    if (mask === "all" || typeof value !== "object" || value === null) {
        return value;
    }
    if (Array.isArray(value)) {
        return value.map((element) => pick(element, mask));
    }
    const picked: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value)) {
        const inner = mask.get(name) ?? mask.get("*");
        if (inner !== undefined) {
            picked[name] = pick(member, inner);
        }
    }
    return picked;
}

class MaskParser {
    #position = 0;

    readonly #text: string;

    constructor(text: string) {
        this.#text = text;
    }

    parse(): Mask {
        const mask = this.#list();
        if (this.#position < this.#text.length) {
            throw this.#error();
        }
        return mask;
    }

    #list(): Mask {
        const mask: Mask = new Map();
        do {
            const [name, inner] = this.#selection();
            const known = mask.get(name);
            // "a/b,a/c" selects both members of a.
            mask.set(name, known instanceof Map && inner instanceof Map ? new Map([...known, ...inner]) : inner);
        } while (this.#skip(","));
        return mask;
    }

    #selection(): [string, Mask | "all"] {
        const name = /^[\w.*-]+/.exec(this.#text.slice(this.#position))?.[0];
        if (name === undefined) {
            throw this.#error();
        }
        this.#position += name.length;
        if (this.#skip("/")) {
            const [innerName, inner] = this.#selection();
            return [name, new Map([[innerName, inner]])];
        }
        if (this.#skip("(")) {
            const inner = this.#list();
            if (!this.#skip(")")) {
                throw this.#error();
            }
            return [name, inner];
        }
        return [name, "all"];
    }

    #skip(character: string): boolean {
        if (this.#text[this.#position] !== character) {
            return false;
        }
        this.#position += 1;
        return true;
    }

    #error() {
        return invalid(`Invalid field selection "${this.#text}" at character ${this.#position + 1}.`, "fields");
    }
}
