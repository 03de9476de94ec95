/** Markup. Only `html` creates it, so text from the dataset is never inserted unescaped. */
export class Html {
    readonly text: string;

    constructor(text: string) {
        this.text = text;
    }

    toString(): string {
        return this.text;
    }
}

/**
 * Values in a template: text is escaped; markup and lists of it are inserted unchanged; undefined and false are empty.
 */
export type Part = string | number | Html | undefined | false | readonly Part[];

/** An HTML template: html`<b>${name}</b>`. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
    return new Html(strings.reduce((text, string, index) => text + render(parts[index - 1]) + string));
}

/** A name or value from the dataset, with its own text direction, shortened if it is very long. */
export function name(text: string): Html {
    return text === "" ? html`<i>(empty)</i>` : html`<bdi>${clip(text)}</bdi>`;
}

const LONGEST_NAME = 80;

/** Shortens text to at most `length` characters, without splitting one. */
export function clip(text: string, length = LONGEST_NAME): string {
    const characters = text.length <= length ? [] : [...text];
    return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}

function render(part: Part): string {
    if (part instanceof Html) {
        return part.text;
    }
    if (part === undefined || part === false) {
        return "";
    }
    return typeof part === "object" ? part.map(render).join("") : escapeText(String(part));
}

/**
 * Escapes text for elements and for attributes in double quotes. Control characters that HTML forbids, and lone
 * surrogates, become U+FFFD.
 */
export function escapeText(text: string): string {
    return text
        .replaceAll(/[^\t\n\r\u0020-\u007e\u00a0-\ufdcf\ufdf0-\ufffd]|\p{Surrogate}/gu, (character) =>
            character.length === 2 ? character : "\ufffd",
        )
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll(">", "&gt;")
        .replaceAll('"', "&quot;")
        .replaceAll("'", "&#39;");
}

/** Returns JSON for a script element, escaped so that it cannot contain a tag. */
export function embedJson(value: unknown): Html {
    return new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
}
