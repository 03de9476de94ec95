import { embedJson, type Html, html, name } from "../html";
import { className, huesOf } from "../hues";
import type { ReportInput } from "../input";
import { countOf, formatCount, formatNumber, formatShare } from "../numbers";
import { drawPlot } from "./plot";
import { drawRow, drawTable, type Section } from "./section";

/** Steps of the probability from 0 to 1: for the curves, and for the threshold that the reader moves. */
const FINE_STEPS = 1000;
const STEPS = 100;
const MIDDLE = STEPS / 2;
const CALIBRATION_BINS = 10;

/** The numbers of tested rows whose probability reaches each threshold, for `page-script.ts`. */
export interface ThresholdData {
    /** For each threshold in hundredths, the rows of the positive and the negative class at or above it. */
    found: number[];
    wrong: number[];
    positives: number;
    negatives: number;
}

/** The trade-off between two classes at every threshold; undefined for any other number of classes. */
export function thresholdsSection(input: ReportInput): Section | undefined {
    const { model, metrics, test } = input;
    const [negative, positive] = model.task === "classification" ? model.classes : [];
    if (model.task !== "classification" || model.classes.length !== 2) {
        return undefined;
    }
    const fine = countAbove(test, FINE_STEPS);
    if (fine.positives === 0 || fine.negatives === 0) {
        return undefined;
    }
    const every = <T>(list: T[]) => list.filter((_, index) => index % (FINE_STEPS / STEPS) === 0);
    const data: ThresholdData = { ...fine, found: every(fine.found), wrong: every(fine.wrong) };
    const hueOf = huesOf(input);
    const names = [className(negative ?? "", hueOf(0)), className(positive ?? "", hueOf(1))] as const;
    const slider = html`<form id="threshold" hidden><label for="cut">Predict ${names[1]} from a probability of
        <output id="cut-value" for="cut">50%</output></label><input id="cut" type="range" min="0" max="${STEPS}"
        value="${MIDDLE}"></form>`;
    return {
        id: "thresholds",
        short: "Threshold",
        title: "Effect of a different threshold",
        content: html`<p>The model gives a probability for ${names[1]}. It predicts this class from 50%; a lower
            threshold finds more of its rows, and a higher one is wrong less often.</p>${slider}<div
            class="two"><div>${drawCounts(data, names)}</div><div>${drawMeasures(data)}</div></div><div
            class="plots">${drawRoc(fine, metrics)}${drawPrecision(fine, metrics)}${drawCalibration(test, positive ?? "")}</div><script
            type="application/json" id="threshold-data">${embedJson(data)}</script>`,
    };
}

function countAbove({ actual, values }: ReportInput["test"], steps: number): ThresholdData {
    const [found, wrong] = [new Array<number>(steps + 1).fill(0), new Array<number>(steps + 1).fill(0)];
    for (let row = 0; row < actual.length; row++) {
        const list = actual[row] === 1 ? found : wrong;
        // The product of a probability and 100 may be slightly off: 0.07 * 100 is a little more than 7.
        const step = Math.floor((values[2 * row + 1] as number) * steps + 1e-9);
        list[step] = (list[step] as number) + 1;
    }
    for (const list of [found, wrong]) {
        for (let step = steps - 1; step >= 0; step--) {
            list[step] = (list[step] as number) + (list[step + 1] as number);
        }
    }
    return { found, wrong, positives: found[0] as number, negatives: wrong[0] as number };
}

function drawCounts({ found, wrong, positives, negatives }: ThresholdData, names: readonly [Html, Html]): Html {
    const [right, false_] = [found[MIDDLE] as number, wrong[MIDDLE] as number];
    const cell = (id: string, count: number) => html`<td class="number" id="${id}">${formatCount(count)}</td>`;
    const rows = [
        drawRow(names[1], [cell("t-tp", right), cell("t-fn", positives - right)]),
        drawRow(names[0], [cell("t-fp", false_), cell("t-tn", negatives - false_)]),
    ];
    const head = ["Actual class", html`Predicted ${names[1]}`, html`Predicted ${names[0]}`];
    return drawTable("The tested rows at this threshold", head, rows, "counts");
}

function drawMeasures({ found, wrong, positives, negatives }: ThresholdData): Html {
    const [right, false_] = [found[MIDDLE] as number, wrong[MIDDLE] as number];
    const measures = [
        ["t-accuracy", "Accuracy", (right + negatives - false_) / (positives + negatives)],
        ["t-recall", "Recall", right / positives],
        ["t-precision", "Precision", right / Math.max(1, right + false_)],
        ["t-f1", "F1", (2 * right) / (positives + right + false_)],
    ] as const;
    const rows = measures.map(([id, label, share]) => {
        return drawRow(label, html`<td class="number" id="${id}">${formatShare(share)}</td>`);
    });
    return drawTable("The measures at this threshold", ["Measure", "Value"], rows, "numbers-last");
}

type Point = readonly [x: number, y: number];

function drawRoc(fine: ThresholdData, { rocAuc }: ReportInput["metrics"]): Html {
    const { found, wrong, positives, negatives } = fine;
    const points = found.map((right, step): Point => [(wrong[step] as number) / negatives, right / positives]);
    const area = typeof rocAuc === "number" ? `, area ${formatNumber(rocAuc, 3)}` : "";
    const axes = ["false positive rate", "recall"] as const;
    return drawCurve("roc", `ROC curve${area}`, axes, [[0, 0], ...[...points].reverse()], points[FINE_STEPS / 2]);
}

function drawPrecision(fine: ThresholdData, { averagePrecision }: ReportInput["metrics"]): Html {
    const { found, wrong, positives } = fine;
    const points = found.map((right, step): Point | undefined => {
        const all = right + (wrong[step] as number);
        return all === 0 ? undefined : [right / positives, right / all];
    });
    const mean = typeof averagePrecision === "number" ? `, average precision ${formatNumber(averagePrecision, 3)}` : "";
    const known = points.filter((it) => it !== undefined);
    return drawCurve("pr", `Precision and recall${mean}`, ["recall", "precision"], known, points[FINE_STEPS / 2]);
}

/** @param marker the point for the threshold; undefined if no row is above it */
function drawCurve(
    id: "roc" | "pr",
    label: string,
    [nameX, nameY]: readonly [string, string],
    points: readonly Point[],
    [markerX, markerY]: Point = [0, 1],
): Html {
    const isNew = ([a, b]: Point, index: number) => a !== points[index - 1]?.[0] || b !== points[index - 1]?.[1];
    return drawPlot({
        label,
        caption: html`${label}. The dot is the threshold.`,
        x: nameX,
        y: nameY,
        range: [0, 1],
        draw: (x, y) => html`${id === "roc" && html`<path class="diagonal" d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}"/>`}<path
            class="curve" d="M${points.filter(isNew).map(([a, b]) => `${x(a)} ${y(b)} `)}"/><circle class="fill"
            id="${id}" data-left="${x(0)}" data-bottom="${y(0)}" data-side="${Number(x(1)) - Number(x(0))}"
            cx="${x(markerX)}" cy="${y(markerY)}" r="7"/>`,
    });
}

/** Compares predicted probabilities with the share of rows that have the class. */
function drawCalibration({ actual, values }: ReportInput["test"], positive: string): Html {
    const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ rows: 0, positives: 0, sum: 0 }));
    for (let row = 0; row < actual.length; row++) {
        const share = values[2 * row + 1] as number;
        const bin = bins[Math.min(CALIBRATION_BINS - 1, Math.floor(share * CALIBRATION_BINS))];
        if (bin !== undefined) {
            bin.rows++;
            bin.positives += actual[row] === 1 ? 1 : 0;
            bin.sum += share;
        }
    }
    const most = Math.max(...bins.map(({ rows }) => rows));
    const used = bins.filter(({ rows }) => rows > 0);
    return drawPlot({
        label: `Calibration: for rows with a similar probability, the share that has the class, in ${countOf(used.length, "group")}`,
        caption: html`Calibration: among rows with a similar probability, the share that is ${name(positive)}. On the
            line, the probabilities are right; larger dots stand for more rows.`,
        x: "mean probability",
        y: "share of rows",
        range: [0, 1],
        draw: (x, y) => {
            const dots = used.map(({ rows, positives, sum }) => {
                const radius = (3 + 9 * Math.sqrt(rows / most)).toFixed(1);
                return html`<circle cx="${x(sum / rows)}" cy="${y(positives / rows)}" r="${radius}"/>`;
            });
            return html`<path class="diagonal" d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}"/><g class="points">${dots}</g>`;
        },
    });
}
