import type { Schema } from "./documents";

/** The direction and method of the exchange that a value is part of. */
export interface Direction {
    /**
     * Google is lenient about input and strict about output: requests may use null for unset fields, and numbers for
     * 64-bit strings and enum values.
     */
    readonly kind: "request" | "response";
    /** Id of the method, which determines the required properties in a request. */
    readonly methodId: string;
    /** True for a response that is limited to the requested `fields`. */
    readonly isPartial?: boolean;
}

type Schemas = Readonly<Record<string, Schema>>;

const INT64 = 2n ** 63n;
/** RFC 3339, as required by https://protobuf.dev/programming-guides/json/ */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/**
 * Checks for the string formats in https://developers.google.com/discovery/v1/type-format. An unknown format throws.
 */
const TEXT_FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
    int64: (text) => /^-?\d+$/.test(text) && BigInt(text) >= -INT64 && BigInt(text) < INT64,
    uint64: (text) => /^\d+$/.test(text) && BigInt(text) < 2n * INT64,
    byte: (text) => /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) && text.length % 4 !== 1,
    date: (text) => /^\d{4}-\d\d-\d\d$/.test(text),
    "date-time": (text) => DATE_TIME.test(text),
    "google-datetime": (text) => DATE_TIME.test(text),
    "google-duration": (text) => /^-?\d+(\.\d{1,9})?s$/.test(text),
    "google-fieldmask": (text) => /^[\w.,*]*$/.test(text),
};

const NUMBER_RANGES: Readonly<Record<string, readonly [number, number]>> = {
    int32: [-(2 ** 31), 2 ** 31 - 1],
    uint32: [0, 2 ** 32 - 1],
};

/** Returns the problems with a value, one sentence each: "labels.stack: 1 is not a string". */
export function checkValue(
    value: unknown,
    schema: Schema,
    schemas: Schemas,
    direction: Direction,
    where = "",
): string[] {
    const at = (problem: string) => [`${where === "" ? "body" : where}: ${problem}`];
    if (schema.$ref !== undefined) {
        const target = schemas[schema.$ref];
        return target === undefined
            ? at(`no schema ${schema.$ref}`)
            : checkValue(value, target, schemas, direction, where);
    }
    if (value === null && direction.kind === "request") {
        return [];
    }
    switch (schema.type) {
        case "any":
            return [];
        case "boolean":
            return typeof value === "boolean" ? [] : at(`${show(value)} is not a boolean`);
        case "integer":
        case "number":
            return checkNumber(value, schema).flatMap(at);
        case "string":
            return checkText(value, schema, direction).flatMap(at);
        case "array":
            return Array.isArray(value)
                ? value.flatMap((one, index) =>
                      checkValue(one, schema.items ?? {}, schemas, direction, `${where}[${index}]`),
                  )
                : at(`${show(value)} is not an array`);
        case "object":
            return isObject(value)
                ? checkObject(value, schema, schemas, direction, where)
                : at(`${show(value)} is not an object`);
        default:
            throw new Error(`Type ${schema.type} of a discovery document is not supported.`);
    }
}

/** Returns the problems with a parameter or a string property. */
export function checkText(value: unknown, schema: Schema, direction: Pick<Direction, "kind">): string[] {
    const isLongNumber = schema.format === "int64" || schema.format === "uint64";
    const isEnumNumber = typeof value === "number" && schema.enum?.[value] !== undefined;
    if (direction.kind === "request" && ((isLongNumber && Number.isInteger(value)) || isEnumNumber)) {
        return [];
    }
    if (typeof value !== "string") {
        return [`${show(value)} is not a string`];
    }
    const problems: string[] = [];
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
        problems.push(`${show(value)} is not one of ${schema.enum.join(", ")}`);
    }
    if (schema.pattern !== undefined && !new RegExp(`^(?:${schema.pattern})$`).test(value)) {
        problems.push(`${show(value)} does not match ${schema.pattern}`);
    }
    if (schema.format !== undefined) {
        const check = TEXT_FORMATS[schema.format];
        if (check === undefined) {
            throw new Error(`Format ${schema.format} of a discovery document is not supported.`);
        }
        if (!check(value)) {
            problems.push(`${show(value)} is not a valid ${schema.format}`);
        }
    } else if (/\bRFC ?3339/.test(schema.description ?? "") && !DATE_TIME.test(value)) {
        // Compute Engine specifies this format only in its description.
        problems.push(`${show(value)} is not an RFC 3339 time`);
    }
    return problems;
}

function checkNumber(value: unknown, { type, format }: Schema): string[] {
    const isNumber = type === "integer" ? Number.isInteger(value) : typeof value === "number";
    if (!isNumber) {
        return [`${show(value)} is not a valid ${type}`];
    }
    const [least, most] = NUMBER_RANGES[format ?? ""] ?? [-Infinity, Infinity];
    return (value as number) >= least && (value as number) <= most ? [] : [`${value} is out of the range of ${format}`];
}

function checkObject(
    value: Readonly<Record<string, unknown>>,
    schema: Schema,
    schemas: Schemas,
    direction: Direction,
    where: string,
): string[] {
    const properties = schema.properties ?? {};
    const inside = (name: string) => (where === "" ? name : `${where}.${name}`);
    const problems = Object.entries(value).flatMap(([name, member]) => {
        const known = properties[name] ?? schema.additionalProperties;
        return known === undefined
            ? [`${inside(name)}: unknown field`]
            : checkValue(member, known, schemas, direction, inside(name));
    });
    for (const [name, property] of Object.entries(properties)) {
        // A bucket with uniform access does not have ACLs, so Google accepts updates without them.
        const needed = name !== "acl" && property.annotations?.required?.includes(direction.methodId) === true;
        if (direction.kind === "request" && needed && (value[name] === undefined || value[name] === null)) {
            problems.push(`${inside(name)}: required by ${direction.methodId}`);
        }
        if (direction.kind === "response" && name === "kind" && property.default !== undefined) {
            const isMissing = value.kind === undefined && direction.isPartial !== true;
            if (isMissing || (value.kind !== undefined && value.kind !== property.default)) {
                problems.push(`${inside(name)}: ${show(value.kind)} instead of ${show(property.default)}`);
            }
        }
    }
    return [...problems, ...checkPacked(value, schemas, direction, where)];
}

/** Checks a google.protobuf.Any, which names its type, e.g. an operation's `response`. */
function checkPacked(
    value: Readonly<Record<string, unknown>>,
    schemas: Schemas,
    direction: Direction,
    where: string,
): string[] {
    const { "@type": type, ...content } = value;
    const schema = typeof type === "string" ? schemas[type.split(".").at(-1) ?? ""] : undefined;
    return schema === undefined ? [] : checkValue(content, schema, schemas, direction, where);
}

function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
    return JSON.stringify(value)?.slice(0, 80) ?? "nothing";
}
