/** Text that is markup already. Only `html` makes it, so nothing that came from a data set gets in unescaped. */
export class Html {
    readonly text: string;

    constructor(text: string) {
        this.text = text;
    }

    toString(): string {
        return this.text;
    }
}

/** What may stand in a template: text is escaped, markup and lists of it are taken as they are, nothing is left out. */
export type Part = string | number | Html | undefined | false | readonly Part[];

/** A template of HTML: html`<b>${name}</b>`. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
    return new Html(strings.reduce((text, string, place) => text + render(parts[place - 1]) + string));
}

/** A name or a value out of the data set, in a direction of its own, shortened if it is beyond all measure. */
export function name(text: string): Html {
    return text === "" ? html`<i>(empty)</i>` : html`<bdi>${clip(text)}</bdi>`;
}

const LONGEST_NAME = 80;

/** At most so many characters, and no half of one. */
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
 * For elements and for attributes in double quotes. Control characters that HTML forbids, and halves of characters, become
 * U+FFFD.
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

/** Data for a script element: JSON in which no tag can begin. */
export function embedJson(value: unknown): Html {
    return new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
}
