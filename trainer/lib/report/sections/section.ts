import { type Html, html, type Part } from "../html";

/** A part of the report: what the navigation calls it, and its content. */
export interface Section {
    id: string;
    /** For the navigation: one or two words. */
    short: string;
    title: string;
    content: Html;
}

/** Its markup. */
export function drawSection({ id, title, content }: Section): Html {
    return html`<section id="${id}" aria-labelledby="${id}-title"><h2
        id="${id}-title">${title}</h2>${content}</section>`;
}

/** A table whose caption names it. */
export function drawTable(caption: Part, head: readonly Part[], rows: readonly Html[], kind = ""): Html {
    return html`<table class="${kind}"><caption>${caption}</caption><thead><tr>${head.map(
        (cell) => html`<th scope="col">${cell}</th>`,
    )}</tr></thead><tbody>${rows}</tbody></table>`;
}

/** The first rows of a table, and all others in a second one that is folded away. */
export function drawLongTable(
    { caption, restCaption, head, kind }: { caption: Part; restCaption: string; head: readonly Part[]; kind: string },
    rows: readonly Html[],
    first: number,
): Html {
    const rest = rows.slice(first);
    return html`${drawTable(caption, head, rows.slice(0, first), kind)}${
        rest.length > 0 &&
        html`<details class="fold"><summary>${restCaption}</summary>${drawTable(restCaption, head, rest, kind)}</details>`
    }`;
}

/** A part of 1 as a bar; the number beside it says the same. */
export function shareBar(share: number): Html {
    const width = Number((100 * Math.min(1, Math.max(0, share))).toFixed(1));
    return html`<svg class="share" aria-hidden="true"><rect class="track" width="100%" height="100%"/><rect
        class="fill" width="${width}%" height="100%"/></svg>`;
}
