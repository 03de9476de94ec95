import { readFileSync } from "node:fs";
import path from "node:path";

/** A JSON schema in Google's discovery documents: https://developers.google.com/discovery/v1/type-format */
export interface Schema {
    readonly $ref?: string;
    readonly type?: string;
    readonly format?: string;
    readonly description?: string;
    readonly enum?: readonly string[];
    readonly pattern?: string;
    readonly default?: string;
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly additionalProperties?: Schema;
    readonly items?: Schema;
    /** Ids of the methods whose requests must include the property. */
    readonly annotations?: { readonly required?: readonly string[] };
}

export interface Parameter extends Schema {
    readonly location: "path" | "query";
    readonly required?: boolean;
    readonly repeated?: boolean;
}

/** A method as described in the document. */
export interface MethodDescription {
    readonly id: string;
    readonly httpMethod: string;
    readonly path: string;
    readonly flatPath?: string;
    readonly parameters?: Readonly<Record<string, Parameter>>;
    readonly request?: Schema;
    readonly response?: Schema;
    readonly supportsMediaDownload?: boolean;
    readonly mediaUpload?: { readonly protocols: Readonly<Record<string, { readonly path: string }>> };
}

interface Resources {
    readonly methods?: Readonly<Record<string, MethodDescription>>;
    readonly resources?: Readonly<Record<string, Resources>>;
}

/** One API: https://developers.google.com/discovery/v1/reference/apis */
export interface Document extends Resources {
    readonly id: string;
    readonly servicePath: string;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly schemas: Readonly<Record<string, Schema>>;
}

/** A method at one of its paths. */
export interface Method {
    readonly document: Document;
    readonly description: MethodDescription;
    /** True if this address accepts uploads: its path is below `/upload/`. */
    readonly isUpload: boolean;
    /** Matches the complete path of a request for this method. */
    readonly matches: RegExp;
    /** The same pattern, with the method's path parameters as groups. */
    readonly captures: RegExp;
    /** Number of literal characters in the address. The pattern with the most is the best match. */
    readonly literals: number;
}

/** Reads documents by name, e.g. "storage.v1", from the folder in which google-api-python-client stores them. */
export function loadDocuments(folder: string, names: readonly string[]): Document[] {
    return names.map((name) => JSON.parse(readFileSync(path.join(folder, `${name}.json`), "utf8")) as Document);
}

/** Lists every method in the documents at each of its addresses. */
export function methodsOf(documents: readonly Document[]): Method[] {
    return documents.flatMap((document) => descriptions(document).flatMap((method) => addresses(document, method)));
}

/** Finds the method that a request calls. Returns undefined if Google does not have one at this address. */
export function findMethod(methods: readonly Method[], httpMethod: string, requestPath: string): Method | undefined {
    return methods
        .filter(({ description, matches }) => description.httpMethod === httpMethod && matches.test(requestPath))
        .sort((one, other) => other.literals - one.literals)[0];
}

function descriptions({ methods = {}, resources = {} }: Resources): MethodDescription[] {
    return [...Object.values(methods), ...Object.values(resources).flatMap(descriptions)];
}

function addresses(document: Document, description: MethodDescription): Method[] {
    const flat = description.flatPath ?? description.path;
    // Each of Google's APIs has its own host. On the emulator's port, Batch's paths begin with its name.
    const prefixes = [document.id === "batch:v1" ? "/batch/" : `/${document.servicePath}`];
    if (document.id.startsWith("storage:")) {
        // The Node.js client omits the prefix under STORAGE_EMULATOR_HOST, and reads contents from /download too.
        prefixes.push("/", ...(description.supportsMediaDownload === true ? ["/download/storage/v1/"] : []));
    }
    const uploads = Object.values(description.mediaUpload?.protocols ?? {}).map((protocol) => protocol.path);
    return [
        ...prefixes.map((prefix) => addressed(document, description, prefix + flat, prefix + description.path, false)),
        ...uploads.map((address) => addressed(document, description, address, address, true)),
    ];
}

function addressed(
    document: Document,
    description: MethodDescription,
    flat: string,
    template: string,
    isUpload: boolean,
): Method {
    return {
        document,
        description,
        isUpload,
        matches: new RegExp(`^${flat.replace(/\{\+?(\w+)\}/g, "[^/]+")}$`),
        captures: new RegExp(
            `^${template.replace(/\{(\+?)(\w+)\}/g, (_match, plus, name) => `(?<${name}>${plus === "+" ? ".+" : "[^/]+"})`)}$`,
        ),
        literals: flat.replace(/\{\+?\w+\}/g, "").length,
    };
}
