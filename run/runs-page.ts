import type { Print } from "./clients";
import { messageOf } from "./errors";
import { writeSynced } from "./files";
import { comparedMetrics, lowerIsBetter } from "./metric-direction";
import { runsPageScript, runsPageStyle } from "./runs-page-parts";
import { differingParameters, readSavedRuns, type SavedRun } from "./saved-runs";

/** The page about all runs of a stack, in its results folder. */
export const runsPageName = "index.html";

/**
 * Writes the page about all runs whose results are in a stack's folder. The results are saved already, so a problem is
 * printed rather than thrown.
 * @param folder `<resultsDir>/<stack>`
 */
export async function writeRunsPage(folder: string, print: Print): Promise<void> {
    const { rename, rm } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { basename, join } = require("node:path") as typeof import("node:path");
    const draft = join(folder, `.${runsPageName}.${process.pid}`);
    try {
        await writeSynced(draft, renderRunsPage(basename(folder), await readSavedRuns(folder)));
        await rename(draft, join(folder, runsPageName));
    } catch (error) {
        await rm(draft, { force: true }).catch(() => undefined);
        print(`${join(folder, runsPageName)} could not be written: ${messageOf(error)}`);
    }
}

/** Renders the page: a table, a chart and a comparison, which a script creates from the data in the page. */
export function renderRunsPage(stack: string, runs: readonly SavedRun[]): string {
    const { createHash } = require("node:crypto") as typeof import("node:crypto");
    const data = { stack, runs, metrics: comparedMetrics(runs), parameters: differingParameters(runs), lowerIsBetter };
    // Text from a trainer must not end the element.
    const json = JSON.stringify(data).replaceAll("<", "\\u003c");
    const hash = createHash("sha256").update(runsPageScript).digest("base64");
    const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; frame-src 'self' file:; base-uri 'none'; form-action 'none'`;
    return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Runs of ${escapeHtml(stack)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<meta http-equiv="content-security-policy" content="${policy}">
<style>${runsPageStyle}</style></head><body>
<header><h1>Runs of ${escapeHtml(stack)}</h1><p id="summary"></p></header>
<main><section id="chart" aria-label="Metric over time"></section>
<section id="table"></section><section id="comparison" aria-live="polite"></section></main>
<noscript>This page needs JavaScript. The command runs shows the same runs in a terminal.</noscript>
<script type="application/json" id="data">${json}</script>
<script>${runsPageScript}</script></body></html>
`;
}

function escapeHtml(text: string): string {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
