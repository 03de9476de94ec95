import { sweepPageScript, sweepPageStyle } from "./sweep-page-parts";

/** The part of `sweep.json` that this file reads. */
interface PageTable {
    runId: string;
    points: readonly object[];
}

/** Renders the report page of a sweep, which needs no other file. */
export function renderSweepPage(table: PageTable): string {
    // "<" would end the script element.
    const json = JSON.stringify(table).replaceAll("<", "\\u003c");
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
