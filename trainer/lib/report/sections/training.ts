import { type Html, html, name, type Part } from "../html";
import type { ReportInput } from "../input";
import { countOf, formatCount } from "../numbers";
import { drawLongTable, drawTable, type Section } from "./section";

const FIRST_WARNINGS = 20;
const FIRST_FEATURES = 20;
const FIRST_CATEGORIES = 6;
const MOST_CATEGORIES = 500;
const FIRST_DROPPED = 20;

/** The dataset, the features and the hyperparameters. */
export function trainingSection({ source, dataset, model, metrics }: ReportInput): Section {
    const { dropped, rowsWithoutTarget, target, warnings } = dataset;
    const kind = model.task === "classification" ? countOf(model.classes.length, "class", "classes") : "a number";
    const facts: [string, Part][] = [
        ["Dataset", html`<code>${source}</code>`],
        [
            "Rows",
            html`${formatCount(dataset.rowCount)}: the model is fitted on all of them; the figures above are for one
                fitted on ${formatCount(metrics.trainRows)} and tested on the other ${formatCount(metrics.testRows)}`,
        ],
        ...(rowsWithoutTarget > 0
            ? [["Left out", `${countOf(rowsWithoutTarget, "row")} without a value in the target`] as [string, Part]]
            : []),
        ["Target", html`${name(model.target)}, ${kind} (${target.why})`],
        ["Algorithm", algorithmText(model)],
        ["Dropped columns", dropped.length === 0 ? "none" : listDropped(dropped)],
    ];
    const list = facts.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`);
    const [features, hyperparameters] = [drawFeatures(model.features), drawHyperparameters(model.hyperparameters)];
    return {
        id: "training",
        short: "Training",
        title: "What was trained on what",
        content: html`${drawWarnings(warnings)}<dl class="facts">${list}</dl><div
            class="two"><div>${features}</div><div>${hyperparameters}</div></div>`,
    };
}

function drawWarnings(warnings: readonly string[]): Html | undefined {
    if (warnings.length === 0) {
        return undefined;
    }
    const head = warnings.length === 1 ? "A warning" : `${warnings.length} warnings`;
    const shown = warnings.slice(0, FIRST_WARNINGS).map((warning) => html`<li>${warning}</li>`);
    const left = warnings.length - FIRST_WARNINGS;
    const more = left > 0 && html`<li>and ${left} more in the log</li>`;
    return html`<div class="notice" role="note"><b>${head}</b><ul>${shown}${more}</ul></div>`;
}

function algorithmText({ algorithm, trees, task, library }: ReportInput["model"]): string {
    const kind = task === "classification" ? "classification" : "regression";
    const what = algorithm === "forest" ? `random forest of ${countOf(trees.length, "tree")}` : "decision tree (CART)";
    return `${what} for ${kind}; the model's format is that of ${library.name} ${library.version}`;
}

function listDropped(dropped: ReportInput["dataset"]["dropped"]): Html {
    const left = dropped.length - FIRST_DROPPED;
    const shown = dropped.slice(0, FIRST_DROPPED).map(({ name: column, why }, index) => {
        return html`${index > 0 && "; "}${name(column)} (${why})`;
    });
    return html`${shown}${left > 0 && ` and ${left} more`}`;
}

function drawHyperparameters(hyperparameters: Readonly<Record<string, unknown>>): Html {
    const rows = Object.entries(hyperparameters)
        .filter(([, value]) => value !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => {
            const shown = typeof value === "string" ? value : JSON.stringify(value);
            return html`<tr><th scope="row"><code>${name(key)}</code></th><td>${name(shown)}</td></tr>`;
        });
    return drawTable("Hyperparameters", ["Name", "Value"], rows, "plain");
}

function drawFeatures(features: ReportInput["model"]["features"]): Html {
    const rows = features.map((feature) => {
        const kind =
            feature.kind === "text"
                ? drawCategories(feature.categories)
                : html`a ${feature.kind}${feature.missing && ", or none"}`;
        return html`<tr><th scope="row">${name(feature.name)}</th><td>${kind}</td></tr>`;
    });
    const table = {
        caption: `${countOf(features.length, "feature")}`,
        restCaption: countOf(features.length - FIRST_FEATURES, "more feature"),
        head: ["Column", "Values"],
        kind: "plain",
    };
    return drawLongTable(table, rows, FIRST_FEATURES);
}

function drawCategories(categories: readonly string[]): Html {
    const list = (some: readonly string[]) => some.map((text, index) => html`${index > 0 && ", "}${name(text)}`);
    const count = `text, ${countOf(categories.length, "category", "categories")}`;
    if (categories.length <= FIRST_CATEGORIES) {
        return html`${count}: ${list(categories)}`;
    }
    const left = categories.length - MOST_CATEGORIES;
    const more = left > 0 && ` and ${formatCount(left)} more, in model.json`;
    const shown = list(categories.slice(0, MOST_CATEGORIES));
    return html`<details class="fold"><summary>${count}</summary>${shown}${more}</details>`;
}
