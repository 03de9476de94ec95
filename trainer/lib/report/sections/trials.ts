import { type Html, html, name } from "../html";
import type { ReportInput, Trial } from "../input";
import { alignedShare, countOf, formatCount, formatNumber } from "../numbers";
import { drawLongTable, drawRow, numberCell, type Section } from "./section";

const FIRST = 20;

/** Lists every trial, the chosen one first; undefined if there was no search. */
export function trialsSection({ metrics }: ReportInput): Section | undefined {
    const { trials = [], cv } = metrics;
    if (trials.length === 0) {
        return undefined;
    }
    const measure = cv?.measure ?? "accuracy";
    const isShare = measure === "accuracy";
    const byScore = (a: Trial, b: Trial) => (isShare ? b.mean - a.mean : a.mean - b.mean);
    const sorted = [...trials].sort((a, b) => Number(b.best) - Number(a.best) || byScore(a, b));
    const searched = [...new Set(trials.flatMap(({ hyperparameters }) => Object.keys(hyperparameters)))];
    const low = Math.min(...trials.map(({ mean, std }) => mean - std));
    const high = Math.max(...trials.map(({ mean, std }) => mean + std));
    const x = (value: number) => Number((high > low ? 3 + (94 * (value - low)) / (high - low) : 50).toFixed(1));
    const format = (value: number) => (isShare ? alignedShare(value) : formatNumber(value, 4));
    const hasAccuracy = !isShare && trials.some(({ accuracy }) => accuracy !== undefined);
    const rows = sorted.map(({ hyperparameters, mean, std, accuracy, best }, index) => {
        const values = searched.map((key) => {
            const value = hyperparameters[key];
            const text = typeof value === "string" ? value : JSON.stringify(value);
            return html`<td>${text === undefined ? "–" : name(text)}</td>`;
        });
        return drawRow(
            best ? html`<span class="tag">chosen</span>` : index + 1,
            [
                numberCell(format(mean)),
                numberCell(format(std)),
                html`<td class="bar-cell">${drawRange(x(mean - std), x(mean), x(mean + std))}</td>`,
                hasAccuracy && numberCell(accuracy === undefined ? "–" : alignedShare(accuracy)),
                values,
            ],
            best && html` class="best"`,
        );
    });
    const folds = cv?.folds ?? trials[0]?.scores.length ?? 0;
    const names: Record<string, string> = { rmse: "RMSE", brierScore: "Brier score" };
    const head = [
        "Rank",
        `Mean ${names[measure] ?? measure}`,
        "Standard deviation",
        html`<span class="hidden">Range as a drawing</span>`,
        ...(hasAccuracy ? ["Accuracy"] : []),
        ...searched.map((key) => name(key)),
    ];
    const table = {
        caption: `${countOf(trials.length, "trial")}, the chosen one first`,
        restCaption: countOf(trials.length - FIRST, "more trial"),
        head,
        kind: "trials",
    };
    return {
        id: "trials",
        short: "Trials",
        title: "Models that were compared",
        content: html`<p>${describe(metrics, folds)}</p><div
            class="scroll" role="region" aria-label="Trials" tabindex="0">${drawLongTable(table, rows, FIRST)}</div>`,
    };
}

/** Describes the comparison and the test, neither of which involved the final model. */
function describe({ cv, choice, trainRows }: ReportInput["metrics"], folds: number): Html {
    const compared = cv?.rows ?? trainRows;
    const sample =
        compared < trainRows
            ? html`${formatCount(compared)} of the ${countOf(trainRows, "training row")}`
            : html`the ${countOf(trainRows, "training row")}`;
    const brier =
        cv?.measure === "brierScore" &&
        html` The Brier score is the mean squared error of the probabilities; smaller is better.`;
    const why = choice !== undefined && html` ${choice}.`;
    return html`Every trial was tested by cross-validation over ${folds} folds of ${sample}.${brier}${why} The figure at the
        top is for a model of this kind that was trained on all training rows and tested on the rows held back.`;
}

/** Draws a mean and its standard deviation on a line; positions are percentages. */
function drawRange(from: number, middle: number, to: number): Html {
    return html`<svg class="whisker" aria-hidden="true"><rect class="track" y="7" width="100%"
        height="1"/><rect class="range" x="${from}%" y="6" width="${Number((to - from).toFixed(1))}%" height="3"
        rx="1.5"/><circle class="fill" cx="${middle}%" cy="7.5" r="4"/></svg>`;
}
