import { type Html, html, name } from "../html";
import type { ReportInput, Trial } from "../input";
import { alignedShare, countOf, formatNumber } from "../numbers";
import { drawLongTable, type Section } from "./section";

const FIRST = 20;

/** Every point of the grid, the best first; nothing when there was no search. */
export function trialsSection({ metrics: { trials = [], cv } }: ReportInput): Section | undefined {
    if (trials.length === 0) {
        return undefined;
    }
    const measure = cv?.measure ?? "accuracy";
    const isShare = measure === "accuracy";
    const sorted = trials
        .map((trial, place) => ({ trial, place }))
        .sort(
            (a, b) =>
                Number(b.trial.best) - Number(a.trial.best) ||
                (isShare ? b.trial.mean - a.trial.mean : a.trial.mean - b.trial.mean) ||
                a.place - b.place,
        )
        .map(({ trial }) => trial);
    const searched = [...new Set(trials.flatMap(({ hyperparameters }) => Object.keys(hyperparameters)))];
    const bounds: [number, number] = [
        sorted.reduce((low, { mean, std }) => Math.min(low, mean - std), Infinity),
        sorted.reduce((high, { mean, std }) => Math.max(high, mean + std), -Infinity),
    ];
    const format = (value: number) => (isShare ? alignedShare(value) : formatNumber(value, 4));
    const rows = sorted.map((trial) => drawTrial(trial, searched, bounds, format));
    const folds = cv?.folds ?? trials[0]?.scores.length ?? 0;
    const head = [
        ...searched.map((key) => name(key)),
        html`<span class="hidden">Range as a drawing</span>`,
        `Mean ${measure === "rmse" ? "RMSE" : measure}`,
        "Standard deviation",
    ];
    const table = {
        caption: `${countOf(trials.length, "trial")}, the best first`,
        restCaption: countOf(trials.length - FIRST, "more trial"),
        head,
        kind: "trials",
    };
    return {
        id: "trials",
        short: "Trials",
        title: "What was tried",
        content: html`<p>Every combination was tested by cross-validation over ${folds} folds of the rows that are trained on. The best was then tested on the rows held back: that is the figure at the top.</p><div class="scroll" role="region" aria-label="Trials" tabindex="0">${drawLongTable(
            table,
            rows,
            FIRST,
        )}</div>`,
    };
}

function drawTrial(
    { hyperparameters, mean, std, best }: Trial,
    searched: readonly string[],
    [low, high]: readonly [number, number],
    format: (value: number) => string,
): Html {
    const values = searched.map((key, place) => {
        const value = hyperparameters[key];
        const shown = value === undefined ? "–" : name(typeof value === "string" ? value : JSON.stringify(value));
        return place === 0
            ? html`<th scope="row">${shown}${best && html` <span class="tag">best</span>`}</th>`
            : html`<td>${shown}</td>`;
    });
    const x = (value: number) => Number((high > low ? 3 + (94 * (value - low)) / (high - low) : 50).toFixed(1));
    return html`<tr${best && html` class="best"`}>${values}<td class="bar-cell"><svg class="whisker" aria-hidden="true"><rect class="track" y="7" width="100%" height="1"/><rect class="range" x="${x(
        mean - std,
    )}%" y="6" width="${Number((x(mean + std) - x(mean - std)).toFixed(1))}%" height="3" rx="1.5"/><circle class="fill" cx="${x(
        mean,
    )}%" cy="7.5" r="4"/></svg></td><td class="number">${format(mean)}</td><td class="number">${format(std)}</td></tr>`;
}
