import type { Checked } from "../lib/check/check";
import type { Dataset } from "../lib/csv/dataset";
import { countClasses, type Target } from "../lib/csv/target";
import { type Learned, rankFeatures } from "../lib/features/learn";
import { describeFinding, shorten } from "../lib/findings";
import type { Hyperparameters } from "../lib/settings/arguments";
import type { FitResult, Predicted } from "../lib/tree";
import {
    accuracyOf,
    actualOf,
    type ClassificationMetrics,
    type Metrics,
    type RegressionMetrics,
    scoreNumbers,
} from "./evaluate";
import type { Growth } from "./search/trials";
import type { Split } from "./split";

const MAX_CLASSES_SHOWN = 12;
const MAX_FEATURES_SHOWN = 30;
/** Maximum width of a table that command-line output can contain in an 80-column terminal. */
const MAX_TABLE_WIDTH = 72;

/** The target, the features and the dropped columns. */
export function describeDataset({ dataset, learned, findings }: Checked): string[] {
    const { target, rowsWithoutTarget } = dataset;
    const dropped = [...dataset.dropped, ...learned.dropped];
    const { features } = learned;
    const counts = target.task === "classification" ? countClasses(target) : [];
    const perClass = counts.map((it) => `${it.label} ${it.count.toLocaleString("en-US")}`);
    const isClasses = counts.length > 0;
    return [
        `Target: ${target.name}, ${isClasses ? `${counts.length} classes` : "a number"} (${target.why})`,
        ...(isClasses ? [`Rows per class: ${shorten(perClass, MAX_CLASSES_SHOWN)}`] : []),
        `Features (${features.length}): ${listFeatures(features)}`,
        ...dropped.map(({ name, why }) => `Dropped: ${name} (${why})`),
        ...(rowsWithoutTarget === 0
            ? []
            : [`Left out: ${count(rowsWithoutTarget, "row")} without a value for ${target.name}`]),
        // Identifiers have been listed above.
        ...findings.filter(({ kind }) => kind !== "identifier").map((it) => `Warning: ${describeFinding(it)}`),
    ];
}

export function describeSplit(split: Split, target: Target, { testFraction, seed }: Hyperparameters): string {
    const isClasses = target.task === "classification";
    const how = `${isClasses ? "stratified, " : ""}testFraction ${testFraction}, seed ${seed}`;
    const [train, test] = [split.train.length, split.test.length].map((rows) => rows.toLocaleString("en-US"));
    return `Rows: ${train} to train, ${test} to test (${how})`;
}

/** Warning about a model that does not use any column. */
const NO_DECISION =
    "Warning: the model makes no splits and gives every row the same prediction, because no split was good enough; " +
    "--complexity=0 and --minNumSamples=1 allow more splits";

/** The final model: its size, its most important features, and a forest's out-of-bag score. */
export function describeFit({ algorithm }: Growth, dataset: Dataset, learned: Learned, fit: FitResult): string[] {
    const { target, rowCount } = dataset;
    const trees = algorithm === "forest" ? `${count(fit.trees.length, "tree")}, ` : "";
    const size = `${trees}${count(fit.depth, "level")}, ${count(fit.leaves, "leaf", "leaves")}`;
    const ranked = rankFeatures(learned, fit.importances)
        .filter(({ importance }) => importance > 0)
        .map(({ feature, importance }) => `${feature} ${(importance * 100).toFixed(1)}%`);
    const { outOfBag } = fit;
    return [
        `Trained the final model on all ${count(rowCount, "row")}: ${size}`,
        ...(fit.depth > 0 ? [] : [NO_DECISION]),
        ...(ranked.length === 0 ? [] : [`Feature importances: ${shorten(ranked, MAX_CLASSES_SHOWN)}`]),
        ...(outOfBag === undefined ? [] : [describeOutOfBag(target, outOfBag)]),
    ];
}

function describeOutOfBag(target: Target, { rows, predictions }: Predicted): string {
    const actual = actualOf(target, rows);
    const measure =
        target.task === "classification"
            ? `accuracy ${accuracyOf(actual, predictions).toFixed(4)}`
            : `root mean squared error ${formatNumber(scoreNumbers(actual, predictions).rmse)}`;
    return `Out of bag, each row predicted by the trees that did not see it: ${measure}`;
}

export function describeMetrics(metrics: Metrics): string[] {
    return metrics.task === "classification" ? describeClassification(metrics) : describeRegression(metrics);
}

/** Accuracy, a line for each class, and the confusion matrix. */
function describeClassification(metrics: ClassificationMetrics): string[] {
    const { accuracy, baselineAccuracy, classes, confusionMatrix } = metrics;
    const shown = classes.slice(0, MAX_CLASSES_SHOWN);
    const left = classes.length - shown.length;
    const { logLoss, brierScore, rocAuc, averagePrecision } = metrics;
    const ofRanking = (value: number | null) => value?.toFixed(4) ?? "undefined";
    const summary = [
        `  accuracy ${accuracy.toFixed(4)} (always predicting the most frequent class: ${baselineAccuracy.toFixed(4)})`,
        `  ROC AUC ${ofRanking(rocAuc)}, average precision ${ofRanking(averagePrecision)}`,
        `  log loss ${logLoss.toFixed(4)}, Brier score ${brierScore.toFixed(4)}`,
    ];
    const rows = shown.map(({ label, precision, recall, f1, support }) => [
        label,
        ...[precision, recall, f1].map((value) => value.toFixed(3)),
        support.toLocaleString("en-US"),
    ]);
    const table = formatTable([["class", "precision", "recall", "f1", "rows"], ...rows]);
    const matrix =
        left > 0
            ? []
            : formatTable([
                  ["actual \\ predicted", ...classes.map(({ label }) => label)],
                  ...classes.map(({ label }, row) => [
                      label,
                      ...(confusionMatrix[row] ?? []).map((rows) => rows.toLocaleString("en-US")),
                  ]),
              ]);
    const rest = left > 0 ? `and ${left} more classes` : "confusion matrix";
    const isNarrow = left <= 0 && (matrix[0] as string).length <= MAX_TABLE_WIDTH;
    return [...summary, ...table, ...(isNarrow ? matrix : [`  ${rest}: see metrics.json`])];
}

function describeRegression({ mae, rmse, r2 }: RegressionMetrics): string[] {
    return formatTable([
        ["mean absolute error", formatNumber(mae)],
        ["root mean squared error", formatNumber(rmse)],
        ["R2", r2 === null ? "undefined: the tested values do not vary" : r2.toFixed(4)],
    ]);
}

function listFeatures(features: Learned["features"]): string {
    const named = features.map((feature) => {
        const categories = feature.kind === "text" && count(feature.categories.length, "category", "categories");
        return `${feature.name}${categories ? ` (text, ${categories})` : feature.kind === "date" ? " (date)" : ""}`;
    });
    return shorten(named, MAX_FEATURES_SHOWN);
}

export function count(number: number, one: string, more = `${one}s`): string {
    return `${number.toLocaleString("en-US")} ${number === 1 ? one : more}`;
}

/** Formats a number with five significant digits. */
export function formatNumber(value: number): string {
    return String(Number(value.toPrecision(5)));
}

/** Aligns the first column of a table to the left and the other columns to the right. */
function formatTable(rows: readonly (readonly string[])[]): string[] {
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    return rows.map((row) => {
        const cells = row.map((cell, column) =>
            column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        );
        return `  ${cells.join("  ").trimEnd()}`;
    });
}
