import type { Finding } from "../../findings";
import { clip, type Html, html, name, type Part } from "../html";
import type { ReportInput, RunFacts } from "../input";
import { countOf, formatCount } from "../numbers";
import { drawRow, drawTable, type Section } from "./section";

/** Maximum number of findings, and of dropped columns, that are listed. */
const FIRST = 20;

/** The run, the dataset, the findings about it, and the hyperparameters. */
export function trainingSection(input: ReportInput): Section {
    const { source, dataset, model, metrics, run } = input;
    const { dropped, rowsWithoutTarget, target } = dataset;
    const { algorithm, trees, task, library } = model;
    const what = algorithm === "forest" ? `random forest of ${countOf(trees.length, "tree")}` : "decision tree (CART)";
    const kind = model.task === "classification" ? countOf(model.classes.length, "class", "classes") : "a number";
    const facts: (readonly [string, Part] | false)[] = [
        ["Dataset", html`<code>${source}</code>`],
        [
            "Rows",
            html`${formatCount(dataset.rowCount)}: the model is fitted on all of them; the figures above are for one
                fitted on ${formatCount(metrics.trainRows)} and tested on the other ${formatCount(metrics.testRows)}`,
        ],
        rowsWithoutTarget > 0 && ["Left out", `${countOf(rowsWithoutTarget, "row")} without a value in the target`],
        ["Target", html`${name(model.target)}, ${kind} (${target.why})`],
        ["Algorithm", `${what} for ${task}; the model's format is that of ${library.name} ${library.version}`],
        ...describeRun(run),
        ["Dropped columns", dropped.length === 0 ? "none" : listDropped(dropped)],
    ];
    const given = facts.filter((fact) => fact !== false);
    const list = given.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`);
    return {
        id: "training",
        short: "Training",
        title: "Training run and data",
        content: html`${drawFindings(metrics.findings)}<dl class="facts">${list}</dl>${drawHyperparameters(model.hyperparameters)}`,
    };
}

function drawFindings(findings: readonly Finding[] = []): Html | undefined {
    if (findings.length === 0) {
        return undefined;
    }
    const shown = findings.slice(0, FIRST).map(({ message, setting }) => {
        return html`<li>${clip(message, 400)}${setting && html` <code>${clip(setting)}</code>`}</li>`;
    });
    const left = findings.length - shown.length;
    const more = left > 0 && html`<li>and ${formatCount(left)} more, in metrics.json</li>`;
    return html`<div class="notice" role="note"><b>${countOf(findings.length, "finding")} in the
        dataset</b><ul>${shown}${more}</ul></div>`;
}

function describeRun({ id, finishedAt, seconds, machine }: RunFacts): (readonly [string, Part] | false)[] {
    const date = `${finishedAt.toISOString().slice(0, 16).replace("T", " ")} UTC`;
    const duration =
        seconds < 100
            ? countOf(Math.max(1, seconds), "second")
            : `${countOf(seconds / 60, "minute")} (${formatCount(seconds)} s)`;
    return [
        id !== undefined && ["Run", html`<code>${id}</code>`],
        ["Finished", html`${date}, after ${duration}`],
        ["Machine", machine],
    ];
}

function listDropped(dropped: ReportInput["dataset"]["dropped"]): Html {
    const left = dropped.length - FIRST;
    const shown = dropped.slice(0, FIRST).map(({ name: column, why }, index) => {
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
            return drawRow(html`<code>${name(key)}</code>`, html`<td>${name(shown)}</td>`);
        });
    return drawTable("Hyperparameters", ["Name", "Value"], rows, "plain");
}
