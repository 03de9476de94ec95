import { z } from "zod";

/** What is wrong with a value, beginning with "must"; or with the name of an entry, which then has to go. */
export type Finding = string | { must: string; remove: true } | undefined;

/** Details of an issue beside its sentence. */
export interface IssueParams {
    got: unknown;
    /** Whether the way out is to remove the entry. */
    remove: boolean;
}

type Report = (finding: Finding, path?: string[], got?: unknown) => void;

/** A field of the config: Pulumi gives every value as text, lists and objects as JSON. */
function field<T>(parse: (text: string, report: Report) => T) {
    return z.string().transform((text, context): T => {
        let wrong = false;
        const value = parse(text, (finding, path = [], got = text) => {
            if (finding === undefined) {
                return;
            }
            wrong = true;
            const { must, remove } = typeof finding === "string" ? { must: finding, remove: false } : finding;
            const params: IssueParams = { got, remove };
            context.addIssue({ code: "custom", message: must, path, params: { ...params } });
        });
        return wrong ? z.NEVER : value;
    });
}

/** Text that `check` finds nothing against. */
export function text(check: (text: string) => Finding) {
    return field((value, report) => {
        report(check(value));
        return value;
    });
}

/** Text of a given form. `must` continues "must be ...". */
export function pattern(regex: RegExp, must: string) {
    return text((value) => (regex.test(value) ? undefined : `must be ${must}`));
}

/** A whole number in digits: `parseFloat` would take "10abc" for 10. */
export function integer(min: number, max: number) {
    return field((value, report) => {
        const number = Number(value);
        if (!/^-?\d{1,15}$/.test(value) || number < min || number > max) {
            report(`must be an integer from ${min} to ${max}`);
        }
        return number;
    });
}

export function flag() {
    return field((value, report) => {
        if (value !== "true" && value !== "false") {
            report("must be true or false");
        }
        return value === "true";
    });
}

export function choice<T extends string>(values: readonly T[]) {
    return field((value, report) => {
        const found = values.find((allowed) => allowed === value);
        report(found === undefined ? `must be ${values.join(" or ")}` : undefined);
        return found ?? z.NEVER;
    });
}

/** A list of texts, each of which `check` finds nothing against. */
export function list(check: (item: string) => Finding) {
    return field((value, report): string[] => {
        const items = parseJson(value);
        if (!Array.isArray(items)) {
            report("must be a list");
            return z.NEVER;
        }
        return items.map((item: unknown, index) => {
            report(typeof item === "string" ? check(item) : "must be a text", [String(index)], item);
            return String(item);
        });
    });
}

/** An object whose entries `check` finds nothing against; `convert` makes the value that the program uses. */
export function record<T>(check: (name: string, value: unknown) => Finding, convert: (value: unknown) => T) {
    return field((text, report): Record<string, T> => {
        const entries = parseJson(text);
        if (typeof entries !== "object" || entries === null || Array.isArray(entries)) {
            report("must be an object");
            return z.NEVER;
        }
        for (const [name, value] of Object.entries(entries)) {
            const finding = check(name, value);
            // An entry that has to go is wrong by its name.
            report(finding, [name], typeof finding === "object" ? name : value);
        }
        return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, convert(value)]));
    });
}

/** An object of texts. `pulumi config set --path` makes numbers and booleans of some, so these are taken as text. */
export function texts(check: (name: string, value: string) => Finding) {
    return record((name, value) => {
        const scalar = ["string", "number", "boolean"].includes(typeof value);
        return scalar ? check(name, String(value)) : "must be a text";
    }, String);
}

function parseJson(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
