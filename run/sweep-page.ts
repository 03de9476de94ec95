import { sweepPageScript, sweepPageStyle } from "./sweep-page-parts";

/** The part of `sweep.json` that this file reads. */
interface PageTable {
    runId: string;
    points: readonly { point: string }[];
}

/**
 * Renders the report page of a sweep, which needs no other file.
 * @param costs US dollars by point; a point that is missing was reused. Undefined if the price is unknown.
 * @param cost the cost of the whole sweep
 */
export function renderSweepPage(table: PageTable, costs?: Record<string, number>, cost?: string): string {
    const points = costs ? table.points.map((each) => ({ ...each, costUsd: costs[each.point] ?? 0 })) : table.points;
    // "<" would end the script element.
    const json = JSON.stringify({ ...table, points, cost }).replaceAll("<", "\\u003c");
    const title = `Sweep ${table.runId.replaceAll("<", "")}`;
    const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'";
    return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title}</title><style>${sweepPageStyle}</style></head>
<body><main><h1>${title}</h1><p id="summary"></p><section id="best" aria-label="Best point"></section>
<section id="plots" aria-label="The metric against each hyperparameter"></section>
<section id="table" aria-label="All points"></section></main>
<noscript>This page needs JavaScript. sweep.csv has the same table.</noscript>
<script type="application/json" id="data">${json}</script>
<script>${sweepPageScript}</script></body></html>
`;
}
