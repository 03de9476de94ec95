import { readFile } from "node:fs/promises";
import path from "node:path";
import { BUNDLES, PEERS, PYTHON, WORK } from "../paths";
import { formatCount, formatDifference, formatSeconds, meanOf } from "../results/numbers";
import type { ResultTable, SectionResult, Target } from "../results/results";
import { run, runForJson } from "../tools/measure";

/** A dataset, as described by learners.py. */
interface LearnerSet {
    readonly name: string;
    readonly origin: string;
    readonly task: "classification" | "regression";
    readonly rows: number;
    readonly features: number;
}

/** Scores in one fold, on rows that no contender saw. */
interface FoldScore {
    readonly r2?: number;
    readonly accuracy?: number;
    readonly auc?: number;
    readonly logLoss?: number;
    readonly seconds: number;
    /** Rows for which this trainer made no prediction. */
    readonly unpredicted?: number;
    /** The same metrics according to metrics.json. */
    readonly reported?: Readonly<Record<string, number>>;
    readonly algorithm?: string;
}

/** For each dataset and contender, a score for each fold. */
export type LearnerScores = Record<string, Record<string, FoldScore[]>>;

type Measure = "r2" | "auc" | "logLoss" | "accuracy" | "seconds";

const CONTENDERS = ["ours", "scikit-learn forest", "HistGradientBoosting", "LightGBM", "XGBoost"];

/** Compares this trainer's defaults with those of other learners on real datasets. */
export async function benchLearners(quick: boolean): Promise<SectionResult> {
    const folder = path.join(WORK, quick ? "quick/learners" : "learners");
    const script = path.join(PEERS, "learners.py");
    await run({ program: PYTHON, args: [script, "write", folder, quick ? "quick" : "full"] });
    await run({ program: process.execPath, args: [path.join(BUNDLES, "learners-ours.cjs"), folder] });
    const scores = await runForJson<LearnerScores>({ program: PYTHON, args: [script, "score", folder] });
    const sets = JSON.parse(await readFile(path.join(folder, "sets.json"), "utf8")) as LearnerSet[];
    return {
        notes: [
            "Every dataset is real and comes from a Python package. A fifth of the rows are held back from all contenders (three different fifths for datasets with fewer than 3,000 rows); larger datasets are sampled down to " +
                "10,000 rows. Ours is the whole program without settings, including its own cross-validation, test and second fit, and its predictions are those of `npm run predict`. The others are fits with default " +
                "parameters, with categorical types for the boosting libraries and ordinal codes for the forest. AUC compares each class with all others, and log loss raises probabilities to at least 1e-15.",
        ],
        tables: [
            tableOf("Regression: R²", sets, scores, "r2"),
            tableOf("Classification: ROC AUC", sets, scores, "auc"),
            tableOf("Classification: log loss", sets, scores, "logLoss"),
            tableOf("Classification: accuracy", sets, scores, "accuracy"),
            tableOf("Time", sets, scores, "seconds"),
        ],
        targets: quick ? [] : targetsOf(scores),
    };
}

/** The mean over the folds of a dataset; NaN if it lacks the measure. */
function scoreOf(folds: readonly FoldScore[] | undefined, measure: Measure): number {
    return meanOf((folds ?? []).map((fold) => fold[measure] ?? Number.NaN));
}

/** The mean over all datasets that have the measure. */
function meanScore(scores: LearnerScores, contender: string, measure: Measure): number {
    const ofSets = Object.values(scores).map((ofSet) => scoreOf(ofSet[contender], measure));
    return meanOf(ofSets.filter((score) => !Number.isNaN(score)));
}

function tableOf(caption: string, sets: readonly LearnerSet[], scores: LearnerScores, measure: Measure): ResultTable {
    const format = measure === "seconds" ? formatSeconds : (score: number) => score.toFixed(4);
    const rows = sets
        .filter(({ name }) => !Number.isNaN(scoreOf(scores[name]?.ours, measure)))
        .map(({ name, origin, rows, features }) => [
            name,
            origin,
            `${formatCount(rows)} × ${features}`,
            ...CONTENDERS.map((contender) => format(scoreOf(scores[name]?.[contender], measure))),
        ]);
    const means = CONTENDERS.map((contender) => format(meanScore(scores, contender, measure)));
    return {
        caption,
        header: ["dataset", "from", "rows × features", ...CONTENDERS],
        rows: [...rows, ["**mean**", "", "", ...means]],
    };
}

function targetsOf(scores: LearnerScores): Target[] {
    const behind = (measure: Measure, contender: string) =>
        meanScore(scores, contender, measure) - meanScore(scores, "ours", measure);
    const ours = Object.values(scores).flatMap((ofSet) => ofSet.ours ?? []);
    const optimism = ours.flatMap((fold) =>
        (["r2", "auc", "accuracy"] as const).flatMap((measure) => {
            const reported = fold.reported?.[measure];
            return reported === undefined || fold[measure] === undefined ? [] : [reported - fold[measure]];
        }),
    );
    const unpredicted = ours.reduce((sum, fold) => sum + (fold.unpredicted ?? 0), 0);
    const [r2, auc, logLoss] = [
        behind("r2", "LightGBM"),
        behind("auc", "LightGBM"),
        -behind("logLoss", "scikit-learn forest"),
    ];
    return [
        target("mean R² at most 0.012 below LightGBM's", formatDifference(-r2), r2 <= 0.012),
        target("mean AUC at most 0.005 below LightGBM's", formatDifference(-auc), auc <= 0.005),
        target("mean log loss at most that of scikit-learn's forest", formatDifference(logLoss), logLoss <= 0),
        target(
            "metrics.json differs from the score on new rows by at most 0.01 on average",
            formatDifference(meanOf(optimism)),
            Math.abs(meanOf(optimism)) <= 0.01,
        ),
        target("every new row has a prediction", `${unpredicted} without`, unpredicted === 0),
    ];
}

function target(name: string, measured: string, met: boolean): Target {
    return { target: name, measured, met };
}
