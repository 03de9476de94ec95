import { lengthOf, valueAt } from "../columns/number-list";
import { allRows } from "../columns/shared-memory";
import type { Column, TextColumn } from "../csv/columns";
import { type Content, type Dataset, type ReadDatasetOptions, readDataset } from "../csv/dataset";
import type { Part } from "../csv/table-reader";
import { type ClassTarget, countClasses, differentValues, type NumberTarget, type Target } from "../csv/target";
import { DataError, HyperparameterError, type Problem } from "../errors";
import { type Learned, learnColumns } from "../features/learn";
import { aboutColumn, type Finding, shorten, typeSetting } from "../findings";
import { FormatEvidence, type Task } from "../model";
import type { Hyperparameters } from "../settings/arguments";

/** A dataset that can be used for training. */
export interface Checked {
    dataset: Dataset;
    /** Facts learned from all rows. */
    learned: Learned;
    findings: Finding[];
}

/**
 * Reads a dataset and checks it together with the arguments.
 * @param given result of `readArguments`
 * @param excludedFromKinds see DatasetRequest
 * @throws {HyperparameterError} with every problem, if there are problems with the arguments
 * @throws {DataError} with every problem, if there are problems only with the dataset
 * @throws {MemoryError} see `readDataset`
 */
export async function readChecked(
    content: Content | readonly Part<Content>[],
    source: string,
    { hyperparameters, problems }: { hyperparameters: Hyperparameters; problems: readonly Problem[] },
    options: ReadDatasetOptions,
    excludedFromKinds?: ReadonlySet<number>,
): Promise<Checked> {
    try {
        const request = { ...hyperparameters, problems, excludedFromKinds };
        const dataset = await readDataset(content, source, request, options);
        checkGainFunction(hyperparameters, dataset);
        const learned = learnColumns(dataset, allRows(dataset.rowCount));
        const suspicions = findSuspicions(dataset, learned, hyperparameters.task);
        return { dataset, learned, findings: [...dataset.findings, ...learned.findings, ...suspicions] };
    } catch (error) {
        // If the header cannot be read, the error's problems do not include those with the arguments.
        throw error instanceof DataError && problems.length > 0
            ? new HyperparameterError([...new Set([...problems, ...error.problems])])
            : error;
    }
}

/** ml-cart has one gain function for each task. */
function checkGainFunction({ gainFunction: given }: Hyperparameters, { target: { task } }: Dataset): void {
    const needed = task === "classification" ? "gini" : "regression";
    if (given !== undefined && given !== needed) {
        const text = `must be "${needed}" for a ${task}; got "${given}"`;
        throw new HyperparameterError([{ setting: "gainFunction", text, fix: needed }]);
    }
}

/** Number of rows that are examined for a relation between a column and the target. */
const SAMPLED_ROWS = 10_000;

/** With fewer rows, the metrics say little. */
const FEW_ROWS = 100;
const FEW_ROWS_OF_CLASS = 5;
const MAX_CLASSES_SHOWN = 12;

/** A class with a smaller share of the rows hardly affects the accuracy. */
const RARE_SHARE = 0.05;

/** A column leaks the target if predicting from it leaves at most this share of the errors, or of the variance. */
const LEFT_BY_LEAK = { classification: 0.01, regression: 0.0001 } as const;
/** Minimum average number of rows per interval or string in a column that leaks the target. */
const ROWS_PER_GROUP = 5;

/** Whole numbers with more distinct values than this are certainly not classes. */
const MAX_LIKE_CLASSES = 20;

/** Number of distinct strings in a column that are examined. */
const EXAMINED_TEXTS = 1000;

/**
 * Finds what is unusual about the values: a column that predicts the target by itself, numbers in text, rare classes,
 * few rows, and a target that could be classes as well as numbers.
 * @param task the task that the user has set
 */
function findSuspicions({ target, rowCount, columns }: Dataset, { features }: Learned, task?: Task): Finding[] {
    const used = columns.filter(({ name }) => features.some((feature) => feature.name === name));
    const step = Math.max(1, Math.ceil(rowCount / SAMPLED_ROWS));
    const rows = Array.from({ length: Math.ceil(rowCount / step) }, (_, index) => index * step);
    return [
        ...(task === undefined ? findOpenTask(target) : []),
        ...findFewRows(target, rowCount),
        ...used
            .filter((column) => isLeak(column, target, rows))
            .map(({ name }) => {
                const said = `alone predicts ${target.name} almost perfectly: leave it out unless its value is known before that of ${target.name}`;
                return aboutColumn("leak", name, said, typeSetting(name, "drop"));
            }),
        ...columns.flatMap((column) => (column.kind === "text" ? findNumbers(column) : [])),
    ];
}

function findOpenTask(target: Target): Finding[] {
    const isClasses = target.task === "classification";
    const values = isClasses ? target.classes.map(Number) : differentValues(target.y, MAX_LIKE_CLASSES);
    if (values === undefined || values.length > MAX_LIKE_CLASSES || !values.every(Number.isInteger)) {
        return [];
    }
    const taken = isClasses ? "classes" : "a number";
    const said = `is the target and has ${values.length} different whole numbers, which are treated as ${taken}`;
    return [aboutColumn("task", target.name, said, `task=${isClasses ? "regression" : "classification"}`)];
}

function findFewRows(target: Target, rowCount: number): Finding[] {
    const findings: Finding[] = [];
    if (rowCount < FEW_ROWS) {
        const message = `The dataset has only ${rowCount} rows, so the metrics are only rough estimates; cross-validation shows how rough`;
        findings.push({ kind: "few-rows", message, setting: "cv=10" });
    }
    if (target.task === "regression") {
        return findings;
    }
    const counts = countClasses(target);
    const few = counts.filter(({ count }) => count < FEW_ROWS_OF_CLASS);
    if (few.length > 0) {
        const listed = few.map(({ label, count }) => `${label} (${count})`);
        const shown = shorten(listed, MAX_CLASSES_SHOWN);
        const said = `has classes with too few rows to be learned and tested reliably: ${shown}`;
        const setting = `missing=${JSON.stringify(few.slice(0, MAX_CLASSES_SHOWN).map(({ label }) => label))}`;
        findings.push(aboutColumn("few-rows", target.name, said, setting));
    }
    const [rarest] = counts.sort((a, b) => a.count - b.count);
    if (counts.length === 2 && rarest !== undefined && rarest.count < rowCount * RARE_SHARE) {
        const share = `${rarest.count.toLocaleString("en-US")} of ${rowCount.toLocaleString("en-US")} rows`;
        const said = `has the class ${JSON.stringify(rarest.label)} in only ${share}, so the accuracy says little: see its recall and the average precision`;
        findings.push(aboutColumn("imbalance", target.name, said, "testFraction=0.4"));
    }
    return findings;
}

function isLeak(column: Column, target: Target, rows: readonly number[]): boolean {
    return target.task === "classification"
        ? separatesClasses(column, target, rows)
        : column.kind !== "text" && isProportional(column, target, rows);
}

/** True if every string, or each of a few intervals of numbers, has rows of only one class. */
function separatesClasses({ kind, values }: Column, { y, classes }: ClassTarget, rows: readonly number[]): boolean {
    const sorted = rows.map((row) => ({ value: valueAt(values, row), label: y[row] as number }));
    // Missing values come last.
    const rank = (value: number) => (Number.isNaN(value) ? Infinity : value);
    sorted.sort((a, b) => (rank(a.value) === rank(b.value) ? 0 : rank(a.value) - rank(b.value)));
    const totals = classes.map(() => 0);
    let [groups, errors, lastLabel] = [0, 0, -1];
    for (let start = 0; start < sorted.length; ) {
        const counts = new Map<number, number>();
        let end = start;
        for (; end < sorted.length && Object.is(sorted[end]?.value, sorted[start]?.value); end++) {
            const { label } = sorted[end] as { label: number };
            counts.set(label, (counts.get(label) ?? 0) + 1);
            totals[label] = (totals[label] as number) + 1;
        }
        const [label, most] = [...counts].reduce((best, one) => (one[1] > best[1] ? one : best));
        errors += end - start - most;
        groups += kind === "text" || label !== lastLabel ? 1 : 0;
        [start, lastLabel] = [end, label];
    }
    const without = rows.length - Math.max(...totals);
    const mostGroups = kind === "text" ? Infinity : 2 * classes.length;
    return (
        errors <= without * LEFT_BY_LEAK.classification &&
        without > 0 &&
        groups <= Math.min(mostGroups, rows.length / ROWS_PER_GROUP)
    );
}

/** True if the target is a linear function of the column. */
function isProportional({ values }: Column, { y }: NumberTarget, rows: readonly number[]): boolean {
    const pairs = rows.map((row) => [valueAt(values, row), y[row] as number] as const);
    const present = pairs.filter(([x]) => !Number.isNaN(x));
    const mean = (side: 0 | 1) => present.reduce((sum, pair) => sum + pair[side], 0) / present.length;
    const [meanX, meanY] = [mean(0), mean(1)];
    let [xx, xy, yy] = [0, 0, 0];
    for (const [x, value] of present) {
        xx += (x - meanX) ** 2;
        xy += (x - meanX) * (value - meanY);
        yy += (value - meanY) ** 2;
    }
    return present.length > rows.length / 2 && xy ** 2 >= xx * yy * (1 - LEFT_BY_LEAK.regression) && xx * yy > 0;
}

/** A column of text that would hold numbers if some strings in it were read as missing values. */
function findNumbers({ name, dictionary, values }: TextColumn): Finding[] {
    const size = Math.min(dictionary.size, EXAMINED_TEXTS);
    const evidence = new FormatEvidence();
    const texts = Array.from({ length: size }, (_, entry) => dictionary.text(entry)).filter((text) => text !== "");
    const others = texts.filter((text) => !evidence.add(text));
    const isMixed = others.length > 0 && others.length * 4 <= texts.length && lengthOf(values) > 0;
    if (!isMixed || evidence.isContradictory) {
        return [];
    }
    const said = `is read as text, although most of its distinct values are numbers; one of the exceptions is ${JSON.stringify(others[0])}`;
    return [aboutColumn("number-format", name, said, `missing=${JSON.stringify(others.slice(0, MAX_CLASSES_SHOWN))}`)];
}
