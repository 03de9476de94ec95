import type { Feature } from "../../model";
import { type Html, html, name } from "../html";
import { className, huesOf } from "../hues";
import type { ReportInput, TableColumn } from "../input";
import { alignedShare, formatCount, formatNumber } from "../numbers";
import { shortValue } from "./columns";
import { drawRow, drawTable, numberCell } from "./section";

const WORST = 10;
const MOST_COLUMNS = 6;

/** The tested rows with the worst predictions, and the values of the most important features in these rows. */
export function drawWorstRows(input: ReportInput): Html | undefined {
    const { model, metrics, table, test } = input;
    const { actual, predictions, rows, values } = test;
    const isClasses = model.task === "classification";
    const shareOf = (row: number, label: number) =>
        values[row * (isClasses ? model.classes.length : 1) + label] as number;
    const losses = Float64Array.from({ length: rows.length }, (_, row) => {
        const value = actual[row] as number;
        return isClasses ? 1 - shareOf(row, value) : Math.abs((predictions[row] as number) - value);
    });
    const limit = losses.slice().sort().at(-WORST) ?? 0;
    const worst = [...losses.keys()]
        .filter((row) => (losses[row] as number) >= limit && (losses[row] as number) > 0)
        .sort((a, b) => (losses[b] as number) - (losses[a] as number))
        .slice(0, WORST);
    const hueOf = huesOf(input);
    const columns = new Map(table.columns.map((column) => [column.name, column]));
    const features = new Map(model.features.map((feature) => [feature.name, feature]));
    const shown = (metrics.featureImportances ?? []).slice(0, MOST_COLUMNS).map(({ feature: it }) => {
        return { column: columns.get(it) as TableColumn, feature: features.get(it) as Feature };
    });
    const answer = (value: number) =>
        isClasses ? className(model.classes[value] ?? "", hueOf(value)) : html`${formatNumber(value)}`;
    const lines = worst.map((row) => {
        const [was, predicted] = [actual[row] as number, predictions[row] as number];
        const loss = isClasses ? alignedShare(shareOf(row, was)) : formatNumber(predicted - was, 4);
        const cells = shown.map(({ column, feature }) => {
            const text = shortValue(column.at(rows[row] as number), feature);
            return html`<td>${text === "" || text === "–" ? html`<i>none</i>` : name(text)}</td>`;
        });
        const answers = [was, predicted].map((value) => html`<td>${answer(value)}</td>`);
        return drawRow(formatCount(table.lineOf(rows[row] as number)), [answers, numberCell(loss), cells]);
    });
    if (lines.length === 0) {
        return undefined;
    }
    const measure = isClasses ? "Probability of the actual class" : "Error";
    const head = ["Row in the file", "Actual", "Predicted", measure, ...shown.map(({ feature }) => name(feature.name))];
    return html`<div class="scroll" role="region" aria-label="The worst predictions" tabindex="0">${drawTable("The worst predictions", head, lines, "worst")}</div>`;
}
