import { z } from "zod";
import type { Document, Schema } from "./documents";

/** The part of zod's JSON schema output that these tests read. */
interface BodySchema {
    readonly properties?: Readonly<Record<string, BodySchema>>;
    readonly additionalProperties?: BodySchema | boolean;
    readonly items?: BodySchema;
    readonly enum?: readonly unknown[];
}

/**
 * Returns the fields and enum values that the emulator accepts in a body even though Google does not define them, e.g.
 * "disks[].initializeParams.size".
 */
export function unknownInBody(body: z.ZodType, document: Document, name: string): string[] {
    const known = document.schemas[name];
    if (known === undefined) {
        return [`${document.id} does not have a schema ${name}`];
    }
    const taken = z.toJSONSchema(body, { io: "output", unrepresentable: "any" }) as BodySchema;
    return compare(taken, known, document, name);
}

function compare(taken: BodySchema, known: Schema, document: Document, where: string): string[] {
    const schema = known.$ref === undefined ? known : document.schemas[known.$ref];
    const words = (taken.enum ?? []).filter((word) => schema?.enum?.includes(String(word)) === false);
    const values = typeof taken.additionalProperties === "object" ? taken.additionalProperties : undefined;
    return [
        ...words.map((word) => `${where} = ${word}`),
        ...Object.entries(taken.properties ?? {}).flatMap(([name, property]) => {
            const target = schema?.properties?.[name];
            return target === undefined
                ? [`${where}.${name}`]
                : compare(property, target, document, `${where}.${name}`);
        }),
        ...(taken.items === undefined ? [] : compare(taken.items, schema?.items ?? {}, document, `${where}[]`)),
        ...(values === undefined || schema?.additionalProperties === undefined
            ? []
            : compare(values, schema.additionalProperties, document, `${where}.*`)),
    ];
}
