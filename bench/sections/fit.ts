import { availableParallelism } from "node:os";
import { formatRatio } from "../results/format";
import type { SectionResult, Target } from "../results/types";
import { type Comparison, compareFits, type Peer, ratioTo, tableOfFits } from "./fits";

const LIMITS = { maxDepth: 10, minNumSamples: 1 };

/** One tree: ours, scikit-learn's and ml-cart's. */
export async function benchFit(quick: boolean): Promise<SectionResult> {
    const order = (rows: number) => ({ ...LIMITS, rows, threads: availableParallelism() });
    const toScikit: Comparison[] = [];
    for (const [rows, repeats] of quick ? ([[1000, 1]] as const) : SCIKIT_SIZES) {
        toScikit.push(await compareFits(["ours", "scikit-learn"], order(rows), repeats));
    }
    const toMlCart: Comparison[] = [];
    for (const [rows, repeats] of quick ? ([[200, 1]] as const) : ML_CART_SIZES) {
        toMlCart.push(await compareFits(["ours", "ml-cart"], order(rows), repeats));
    }
    return {
        notes: [
            "Numbers, three classes, depth 10, split until pure or 2 rows, a gain of 0 being enough. Each fit is the first of a new process, with the data " +
                "in memory: as the columns that this trainer reads, as float32 rows (its own layout) for scikit-learn, as lists for ml-cart. The time is that of the " +
                "fit with its sorting and its threads.",
        ],
        tables: [tableOfFits("Against DecisionTreeClassifier", toScikit), tableOfFits("Against ml-cart", toMlCart)],
        targets: [
            ...targetsOf(toScikit, "scikit-learn", SCIKIT_TARGETS),
            ...targetsOf(toMlCart, "ml-cart", ML_CART_TARGETS),
        ],
    };
}

/** Rows, repeats. */
const SCIKIT_SIZES = [
    [10_000, 7],
    [100_000, 7],
    [1_000_000, 3],
] as const;
const ML_CART_SIZES = [
    [1_000, 5],
    [3_000, 3],
    [10_000, 1],
] as const;

/** Rows, and the largest share of the peer's time that is good enough. */
const SCIKIT_TARGETS = { 100000: 1 / 2, 1000000: 1 / 4 };
const ML_CART_TARGETS = { 10000: 1 / 300 };

function targetsOf(comparisons: readonly Comparison[], peer: Peer, limits: Readonly<Record<number, number>>): Target[] {
    return comparisons.flatMap((comparison) => {
        const limit = limits[comparison.rows];
        if (limit === undefined) {
            return [];
        }
        const ratio = ratioTo(peer, comparison);
        return {
            target: `fit ${comparison.rows.toLocaleString("en-US")} × 10: at most 1/${Math.round(1 / limit)} of ${peer}'s time`,
            measured: `${formatRatio(ratio)} of it`,
            met: ratio <= limit,
        };
    });
}
