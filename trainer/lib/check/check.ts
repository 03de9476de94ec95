import { allRows } from "../columns/shared-memory";
import { type Content, type Dataset, type ReadDatasetOptions, readDataset } from "../csv/dataset";
import type { Part } from "../csv/table-reader";
import { DataError, HyperparameterError, type Problem } from "../errors";
import { type Learned, learnColumns } from "../features/learn";
import type { Finding } from "../findings";
import type { Hyperparameters } from "../settings/arguments";
import { findSuspicions } from "./suspicions";

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
        const dataset = await readDataset(
            content,
            source,
            { ...hyperparameters, problems, excludedFromKinds },
            options,
        );
        checkGainFunction(hyperparameters, dataset);
        const learned = learnColumns(dataset, allRows(dataset.rowCount));
        const suspicions = findSuspicions(dataset, learned, hyperparameters.task);
        return { dataset, learned, findings: [...dataset.findings, ...learned.findings, ...suspicions] };
    } catch (error) {
        // If the header cannot be read, its problems do not include those with the arguments.
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
