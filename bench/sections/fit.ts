import { availableParallelism } from "node:os";
import path from "node:path";
import { FEATURES, matrixFile } from "../generated-data";
import { BUNDLES, PEERS, PYTHON } from "../paths";
import { formatCount, formatRatio, formatSeconds, formatSpread, spreadOf } from "../results/numbers";
import type { ResultTable, SectionResult, Target } from "../results/results";
import { alternate, type Command, runForJson } from "../tools/measure";

const LIMITS = { maxDepth: 10, minNumSamples: 1 };

/** Compares fitting one tree with this trainer, scikit-learn and ml-cart. */
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
            "Numeric features, three classes, depth 10, split until a node is pure or has 2 rows, with no minimum gain. Each fit is the first in a new process, with the data " +
                "in memory: as columns for this trainer, as float32 rows (its native layout) for scikit-learn, as lists for ml-cart. The time covers only the " +
                "fit, including sorting and starting threads.",
        ],
        tables: [tableOfFits("Against DecisionTreeClassifier", toScikit), tableOfFits("Against ml-cart", toMlCart)],
        targets: [
            ...targetsOf(toScikit, "scikit-learn", SCIKIT_TARGETS),
            ...targetsOf(toMlCart, "ml-cart", ML_CART_TARGETS),
        ],
    };
}

/** Pairs of a row count and a number of repeats. */
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

/** Largest accepted fraction of the other contender's time, by number of rows. */
const SCIKIT_TARGETS = { 100000: 1 / 2, 1000000: 1 / 4 };
const ML_CART_TARGETS = { 10000: 1 / 300 };

function targetsOf(comparisons: readonly Comparison[], peer: Peer, limits: Readonly<Record<number, number>>): Target[] {
    return comparisons.flatMap((comparison) => {
        const limit = limits[comparison.rows];
        if (limit === undefined) {
            return [];
        }
        const ratio = ratioTo(peer, comparison);
        const fraction = limit === 1 / 2 ? "half" : `1/${Math.round(1 / limit)} of`;
        return {
            target: `fit ${comparison.rows.toLocaleString("en-US")} × 10: at most ${fraction} ${peer}'s time`,
            measured: `ratio ${formatRatio(ratio)}`,
            met: ratio <= limit,
        };
    });
}

/** The square root of ten, the number of features, rounded down as in scikit-learn. */
const MAX_FEATURES = 3;

/** Compares fitting a forest with this trainer and scikit-learn. */
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
                "processors (`n_jobs` for scikit-learn, threads for ours). All other settings are the same as for a single tree.",
        ],
        tables: [tableOfFits("Against RandomForestClassifier", comparisons)],
        targets: [],
    };
}

/** The task for one fit, passed to a contender as its only argument, in JSON. */
export interface FitOrder {
    /** Path of a table; see `matrixFile`. */
    readonly file: string;
    readonly rows: number;
    readonly maxDepth: number;
    /** A node with this many rows or fewer becomes a leaf. */
    readonly minNumSamples: number;
    readonly threads: number;
    readonly forest?: { readonly trees: number; readonly maxFeatures: number };
}

/** A contender's output. */
export interface FitReport {
    /** Duration of the fit alone, with the data already in memory. Sorting and starting threads are included. */
    readonly seconds: number;
    /** Total number of leaves in all trees. */
    readonly leaves: number;
}

type Peer = "ours" | "scikit-learn" | "ml-cart";

/** Fits by several contenders on the same table. */
interface Comparison {
    readonly rows: number;
    readonly peers: readonly Peer[];
    readonly reports: Readonly<Record<Peer, FitReport[]>>;
}

/** Runs the contenders alternately on the same table, each fit in a new process. */
async function compareFits(
    peers: readonly Peer[],
    order: Omit<FitOrder, "file">,
    repeats: number,
): Promise<Comparison> {
    const file = await matrixFile(order.rows);
    const argument = JSON.stringify({ ...order, file });
    const reports = await alternate(peers, repeats, async (peer) => {
        const report = await runForJson<FitReport>(commandOf(peer, argument));
        console.log(`${peer} ${formatCount(order.rows)} rows: ${formatSeconds(report.seconds)}`);
        return report;
    });
    return { rows: order.rows, peers, reports };
}

function commandOf(peer: Peer, argument: string): Command {
    switch (peer) {
        case "ours":
            return { program: process.execPath, args: [path.join(BUNDLES, "fit-ours.cjs"), argument] };
        case "ml-cart":
            return { program: process.execPath, args: [path.join(BUNDLES, "fit-ml-cart.cjs"), argument] };
        case "scikit-learn":
            return { program: PYTHON, args: [path.join(PEERS, "fit.py"), argument] };
    }
}

/** Our median time divided by that of another contender. */
function ratioTo(peer: Peer, { reports }: Comparison): number {
    return spreadOf(secondsOf(reports.ours)).median / spreadOf(secondsOf(reports[peer])).median;
}

/** Builds a table with one row for each table size and contender. */
function tableOfFits(caption: string, comparisons: readonly Comparison[]): ResultTable {
    return {
        caption,
        header: ["rows × features", "contender", "fit", "ours ÷ theirs", "repeats", "leaves"],
        rows: comparisons.flatMap((comparison) =>
            comparison.peers.map((peer) => {
                const reports = comparison.reports[peer];
                return [
                    `${formatCount(comparison.rows)} × ${FEATURES}`,
                    peer,
                    formatSpread(spreadOf(secondsOf(reports)), formatSeconds),
                    peer === "ours" ? "" : ratioTo(peer, comparison).toPrecision(3),
                    String(reports.length),
                    formatCount(reports[0]?.leaves ?? 0),
                ];
            }),
        ),
    };
}

function secondsOf(reports: readonly FitReport[]): number[] {
    return reports.map((report) => report.seconds);
}
