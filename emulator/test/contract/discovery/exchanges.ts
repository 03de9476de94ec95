import { type Document, findMethod, type Method, methodsOf, type Parameter } from "./documents";
import type { Exchange } from "./recorder";
import { checkText, checkValue } from "./values";

/** Result of a check. */
export interface Report {
    /** One line per problem: method, path, status, and what is wrong. */
    readonly problems: readonly string[];
    /** Ids of the Google methods that were called, e.g. "storage.buckets.insert". */
    readonly methods: ReadonlySet<string>;
    /** Number of exchanges that were checked. */
    readonly checked: number;
}

/** Checks exchanges against Google's descriptions. Paths that `isGoogles` rejects are ignored. */
export function checkExchanges(
    exchanges: readonly Exchange[],
    documents: readonly Document[],
    isGoogles: (path: string) => boolean,
): Report {
    const methods = methodsOf(documents);
    const called = new Set<string>();
    const googles = exchanges.filter(({ target }) => isGoogles(pathOf(target)));
    const problems = googles.flatMap((exchange) => {
        const method = findMethod(methods, exchange.method, pathOf(exchange.target)) ?? session(methods, exchange);
        const where = `${exchange.method} ${exchange.target} (${exchange.status})`;
        if (method === undefined) {
            return [`${where}: Google does not have this method`];
        }
        called.add(method.description.id);
        return [...checkRequest(exchange, method), ...checkResponse(exchange, method)].map(
            (problem) => `${where}: ${problem}`,
        );
    });
    return { problems: [...new Set(problems)], methods: called, checked: googles.length };
}

function pathOf(target: string): string {
    return target.split("?")[0] ?? target;
}

function queryOf(target: string): URLSearchParams {
    return new URLSearchParams(target.split("?").slice(1).join("?"));
}

/**
 * Finds the method for a resumable upload that continues at the `Location` of its first response. No document describes
 * this URI.
 */
function session(methods: readonly Method[], { target }: Exchange): Method | undefined {
    return queryOf(target).has("upload_id") ? findMethod(methods, "POST", pathOf(target)) : undefined;
}

function isSession({ target }: Exchange): boolean {
    return queryOf(target).has("upload_id");
}

function checkRequest(exchange: Exchange, method: Method): string[] {
    return isSession(exchange)
        ? []
        : [...checkPath(exchange, method), ...checkQuery(exchange, method), ...checkBody(exchange, method)];
}

function checkPath({ target }: Exchange, { captures, description }: Method): string[] {
    const values = captures.exec(pathOf(target))?.groups ?? {};
    return Object.entries(description.parameters ?? {})
        .filter(([, { location }]) => location === "path")
        .flatMap(([name, parameter]) => {
            const value = values[name];
            return value === undefined ? [`path parameter ${name} is missing`] : checkParameter(name, value, parameter);
        });
}

/**
 * `$alt` is missing from the documents but listed in https://cloud.google.com/apis/docs/system-parameters.
 * @google-cloud/compute sends it.
 */
const SYSTEM_PARAMETERS: Readonly<Record<string, Parameter>> = {
    $alt: { location: "query", type: "string", enum: ["json", "json;enum-encoding=int"] },
};

function checkQuery({ target }: Exchange, { description, document, isUpload }: Method): string[] {
    const query = queryOf(target);
    const own = Object.entries(description.parameters ?? {}).filter(([, { location }]) => location === "query");
    const known: Record<string, Parameter> = {
        ...SYSTEM_PARAMETERS,
        ...document.parameters,
        ...Object.fromEntries(own),
    };
    const required = own.filter(([, parameter]) => parameter.required === true).map(([name]) => name);
    return [
        ...required.filter((name) => !query.has(name)).map((name) => `query parameter ${name} is missing`),
        ...[...new Set(query.keys())].flatMap((name) => {
            const parameter = known[name];
            if (parameter === undefined) {
                return [`unknown query parameter ${name}`];
            }
            const values = query.getAll(name);
            return [
                ...(values.length > 1 && parameter.repeated !== true ? [`query parameter ${name} is repeated`] : []),
                ...values.flatMap((value) => checkParameter(name, value, parameter)),
            ];
        }),
        ...(isUpload && !query.has("uploadType") ? ["query parameter uploadType is missing"] : []),
    ];
}

/** Checks a parameter, which is sent as a string regardless of its type. */
function checkParameter(name: string, raw: string, parameter: Parameter): string[] {
    const value = parameter.location === "path" ? decodeURIComponent(raw) : raw;
    const isRight: Readonly<Record<string, (text: string) => boolean>> = {
        boolean: (text) => /^(true|false|True|False)$/.test(text),
        integer: (text) => /^-?\d+$/.test(text),
        number: (text) => text.trim() !== "" && Number.isFinite(Number(text)),
    };
    const check = isRight[parameter.type ?? ""];
    const problems = check === undefined ? checkText(value, parameter, { kind: "request" }) : [];
    const wrong = check !== undefined && !check(value) ? [`"${value}" is not a valid ${parameter.type}`] : [];
    return [...problems, ...wrong].map((problem) => `parameter ${name}: ${problem}`);
}

function checkBody(exchange: Exchange, { description, document, isUpload }: Method): string[] {
    const uploadType = queryOf(exchange.target).get("uploadType");
    if (isUpload && uploadType === "media") {
        return [];
    }
    const { requestBody, requestHeaders } = exchange;
    const contentType = requestHeaders["content-type"] ?? "";
    const text = uploadType === "multipart" ? firstPart(requestBody, contentType) : requestBody.toString("utf8");
    if (text.trim() === "") {
        const { $ref } = description.request ?? {};
        // A missing body counts as an empty object.
        return $ref === undefined ? [] : checkJson("{}", $ref, document, description.id);
    }
    if (description.request?.$ref === undefined) {
        // Some clients send an empty object anyway, and @google-cloud/compute sends an empty string.
        return /^(\{\s*\}|"")$/.test(text)
            ? []
            : [`a body even though ${description.id} does not accept one: ${text.slice(0, 80)}`];
    }
    return checkJson(text, description.request.$ref, document, description.id);
}

function checkJson(text: string, schema: string, document: Document, methodId: string): string[] {
    const body = parse(text);
    return body === undefined
        ? [`the request's body is not JSON: ${text.slice(0, 80)}`]
        : checkValue(body, { $ref: schema }, document.schemas, { kind: "request", methodId }).map(
              (problem) => `request ${problem}`,
          );
}

/**
 * Returns the JSON part of a multipart upload:
 * https://cloud.google.com/storage/docs/uploading-objects#uploading-an-object
 */
function firstPart(body: Buffer, contentType: string): string {
    const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1] ?? "";
    const [, part = ""] = body.toString("latin1").split(`--${boundary}`);
    const text = part
        .split(/\r?\n\r?\n/)
        .slice(1)
        .join("\n\n");
    return Buffer.from(text, "latin1").toString("utf8");
}

function checkResponse(exchange: Exchange, method: Method): string[] {
    const { description, document } = method;
    const { status, responseBody, responseHeaders, target } = exchange;
    if (status >= 400) {
        return checkError(exchange, method);
    }
    if (status >= 300) {
        return responseBody.length === 0 ? [] : [`a body with status ${status}`];
    }
    const query = queryOf(target);
    if (query.get("alt") === "media") {
        return description.supportsMediaDownload === true ? [] : ["alt=media even though nothing can be downloaded"];
    }
    const startsSession = query.get("uploadType") === "resumable" && !isSession(exchange);
    if (description.response?.$ref === undefined || startsSession || responseHeaders["x-http-status-code-override"]) {
        return responseBody.length === 0 ? [] : [`a body even though ${description.id} does not return one`];
    }
    const body = parse(responseBody.toString("utf8"));
    if (body === undefined || !/^application\/json\b/.test(responseHeaders["content-type"] ?? "")) {
        return [`the response is not JSON: ${responseHeaders["content-type"]}`];
    }
    const direction = { kind: "response", methodId: description.id, isPartial: query.has("fields") } as const;
    return checkValue(body, description.response, document.schemas, direction).map((problem) => `response ${problem}`);
}

/**
 * Checks an error. Cloud Storage and Compute Engine return `errors`; the other APIs return a `status` and optional
 * `details`. See https://cloud.google.com/storage/docs/json_api/v1/status-codes and https://google.aip.dev/193.
 */
function checkError({ status, responseBody, responseHeaders, method }: Exchange, { document }: Method): string[] {
    if (method === "HEAD") {
        return [];
    }
    const body = parse(responseBody.toString("utf8")) as { error?: Record<string, unknown> } | undefined;
    const { code, message, ...rest } = body?.error ?? {};
    const isRight =
        /^application\/json\b/.test(responseHeaders["content-type"] ?? "") &&
        code === status &&
        typeof message === "string" &&
        message !== "" &&
        (/^(storage|compute):/.test(document.id) ? hasReasons(rest) : hasStatus(rest));
    return [
        ...(isRight ? [] : [`not an error in Google's format: ${responseBody.toString("utf8").slice(0, 200)}`]),
        ...(status >= 500 ? [`status ${status}: ${message}`] : []),
    ];
}

function hasReasons({ errors, ...rest }: Record<string, unknown>): boolean {
    const isReason = (one: Record<string, unknown>) =>
        [one.message, one.domain, one.reason].every((text) => typeof text === "string");
    return Array.isArray(errors) && errors.length > 0 && errors.every(isReason) && Object.keys(rest).length === 0;
}

function hasStatus({ status, details = [], ...rest }: Record<string, unknown>): boolean {
    const isTyped = (one: Record<string, unknown>) => typeof one["@type"] === "string";
    return (
        /^[A-Z_]+$/.test(String(status)) &&
        Array.isArray(details) &&
        details.every(isTyped) &&
        Object.keys(rest).length === 0
    );
}

function parse(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
