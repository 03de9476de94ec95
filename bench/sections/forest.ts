import { availableParallelism } from "node:os";
import type { SectionResult } from "../results/types";
import { type Comparison, compareFits, tableOfFits } from "./fits";

const LIMITS = { maxDepth: 10, minNumSamples: 1 };
/** Square root of the ten features, rounded down as scikit-learn does. */
const MAX_FEATURES = 3;

/** A forest: ours and scikit-learn's. */
export async function benchForest(quick: boolean): Promise<SectionResult> {
    const threads = availableParallelism();
    const trees = quick ? 5 : 100;
    const comparisons: Comparison[] = [];
    for (const rows of quick ? [1000] : [10_000, 100_000]) {
        const order = { ...LIMITS, rows, threads, forest: { trees, maxFeatures: MAX_FEATURES } };
        comparisons.push(await compareFits(["ours", "scikit-learn"], order, quick ? 1 : 3));
    }
    return {
        notes: [
            `${trees} trees of depth 10, each on a bootstrap of the rows, ${MAX_FEATURES} of the ten features at each split, on ${threads} ` +
                "processors (`n_jobs`, and threads of ours); otherwise as for one tree.",
        ],
        tables: [tableOfFits("Against RandomForestClassifier", comparisons)],
        targets: [],
    };
}
