import type { Finding } from "../../findings";
import { clip, type Html, html, name, type Part } from "../html";
import type { ReportInput, RunFacts } from "../input";
import { countOf, formatCount } from "../numbers";
import { drawTable, type Section } from "./section";

const FIRST_FINDINGS = 20;
const FIRST_DROPPED = 20;

/** The run, the dataset, the findings about it, and the hyperparameters. */
export function trainingSection(input: ReportInput): Section {
    const { source, dataset, model, metrics, run } = input;
    const { dropped, rowsWithoutTarget, target } = dataset;
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
        ...(run === undefined ? [] : describeRun(run)),
        ["Dropped columns", dropped.length === 0 ? "none" : listDropped(dropped)],
    ];
    const list = facts.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`);
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
    const shown = findings.slice(0, FIRST_FINDINGS).map(({ message, setting }) => {
        return html`<li>${clip(message, 400)}${setting && html` <code>${clip(setting)}</code>`}</li>`;
    });
    const left = findings.length - shown.length;
    const more = left > 0 && html`<li>and ${formatCount(left)} more, in metrics.json</li>`;
    return html`<div class="notice" role="note"><b>${countOf(findings.length, "finding")} in the
        dataset</b><ul>${shown}${more}</ul></div>`;
}

function describeRun({ id, finishedAt, seconds, machine }: RunFacts): [string, Part][] {
    const date = `${finishedAt.toISOString().slice(0, 16).replace("T", " ")} UTC`;
    const duration =
        seconds < 100
            ? countOf(Math.max(1, seconds), "second")
            : `${countOf(seconds / 60, "minute")} (${formatCount(seconds)} s)`;
    return [
        ...(id === undefined ? [] : [["Run", html`<code>${id}</code>`] as [string, Part]]),
        ["Finished", html`${date}, after ${duration}`],
        ["Machine", machine],
    ];
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
