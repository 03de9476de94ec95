/** An HTML string that needs no escaping. */
export class Html {
    readonly text: string;

    constructor(text: string) {
        this.text = text;
    }
}

/** A value in a template. Strings are escaped, HTML is not, lists are joined, and `false` and `undefined` are empty. */
export type Part = string | number | Html | false | undefined | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
};

/** Escapes text for element content and quoted attributes. */
export function escapeHtml(text: string): string {
    return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? "");
}

/** Template tag that escapes every value except `Html`. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
    const text = strings.map((piece, index) => piece + (index < parts.length ? render(parts[index]) : ""));
    return new Html(text.join(""));
}

function render(part: Part): string {
    if (part === undefined || part === false) {
        return "";
    }
    if (part instanceof Html) {
        return part.text;
    }
    return Array.isArray(part) ? part.map((one: Part) => render(one)).join("") : escapeHtml(String(part));
}
