import { type Html, html, type Part } from "../html";

/** A part of the report. */
export interface Section {
    id: string;
    /** Name in the navigation, one or two words. */
    short: string;
    title: string;
    content: Html;
}

export function drawSection({ id, title, content }: Section): Html {
    return html`<section id="${id}" aria-labelledby="${id}-title"><h2
        id="${id}-title">${title}</h2>${content}</section>`;
}

export function drawTable(caption: Part, head: readonly Part[], rows: readonly Html[], kind = ""): Html {
    const cells = head.map((cell) => html`<th scope="col">${cell}</th>`);
    return html`<table class="${kind}"><caption>${caption}</caption><thead><tr>${cells}</tr></thead><tbody>${rows}</tbody></table>`;
}

/** The first rows in one table, and the others in a second, collapsed table. */
export function drawLongTable(
    { caption, restCaption, head, kind }: { caption: Part; restCaption: string; head: readonly Part[]; kind: string },
    rows: readonly Html[],
    first: number,
): Html {
    const rest = drawTable(restCaption, head, rows.slice(first), kind);
    const folded = html`<details class="fold"><summary>${restCaption}</summary>${rest}</details>`;
    return html`${drawTable(caption, head, rows.slice(0, first), kind)}${rows.length > first && folded}`;
}

/** A row of a table; `attributes` are those of the row. */
export function drawRow(head: Part, cells: Part, attributes: Part = ""): Html {
    return html`<tr${attributes}><th scope="row">${head}</th>${cells}</tr>`;
}

/** A cell with a number. */
export function numberCell(value: Part): Html {
    return html`<td class="number">${value}</td>`;
}

/** A share as a bar; the number next to it gives the same information. */
export function shareBar(share: number): Html {
    const width = Number((100 * Math.min(1, Math.max(0, share))).toFixed(1));
    return html`<svg class="share" aria-hidden="true"><rect class="track" width="100%" height="100%"/><rect
        class="fill" width="${width}%" height="100%"/></svg>`;
}
