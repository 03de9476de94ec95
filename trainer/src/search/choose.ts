import type { Target } from "../../lib/csv/target";
import type { Hyperparameters } from "../../lib/settings/arguments";
import { searchedNames } from "../../lib/settings/arguments";
import { estimateTreeMs, type FitPool } from "../../lib/tree";
import { count, formatNumber } from "../describe";
import { splitRows } from "../split";
import { type CrossValidation, type CrossValidationOptions, crossValidate } from "./cross-validate";
import { TOLERANCE } from "./losses";
import { countFolds, type Growth, toFitTask } from "./trials";

/** The parts of a training run that the choice of a model needs. */
interface Request {
    pool: FitPool;
    target: Target;
    hyperparameters: Hyperparameters;
    trials: readonly Growth[];
    /** Training rows, without those held back to test the chosen model. */
    rows: Uint32Array;
    /** Number of columns that the trees compare. */
    columns: number;
    /** See CrossValidationOptions. */
    learn?: CrossValidationOptions["learn"];
    print(...lines: string[]): void;
}

export interface Choice {
    growth: Growth;
    crossValidation: CrossValidation | undefined;
    /** The reason for the choice, as a sentence; undefined if there was none. */
    reason: string | undefined;
}

/**
 * Without lists, models are compared on a sample with about this many values, within these limits on the number of
 * rows. A larger sample would take longer, and would rarely change the choice.
 */
const SAMPLE = { values: 600_000, leastRows: 2000, mostRows: 10_000 };

/** Chooses among trials by cross-validation if necessary, and logs the expected time, the scores and the reason. */
export async function chooseGrowth(request: Request): Promise<Choice> {
    const { pool, target, hyperparameters, trials, rows, columns, learn, print } = request;
    const { grid, seed } = hyperparameters;
    const folds = countFolds(hyperparameters, trials, rows.length);
    const hasLists = searchedNames(grid).length > 0;
    const most = Math.min(Math.max(Math.floor(SAMPLE.values / columns), SAMPLE.leastRows), SAMPLE.mostRows);
    const labels = target.task === "classification" ? target.y : undefined;
    const compared = hasLists || rows.length <= most ? rows : splitRows(rows, labels, most / rows.length, seed).test;
    const [first] = trials as [Growth];
    if (folds === 0) {
        return { growth: first, crossValidation: undefined, reason: undefined };
    }
    const part =
        compared.length < rows.length
            ? `${compared.length.toLocaleString("en-US")} of the ${rows.length.toLocaleString("en-US")}`
            : "the";
    print(
        `Time: about ${estimateTime(request, folds, compared)} on ${count(pool.threads, "thread")}`,
        `Cross-validating ${listKinds(trials)} on ${part} training rows, ${folds} folds:`,
    );
    const simplest = grid.algorithm.includes("auto");
    const growthOfRows = (rows.length / compared.length) * (folds / (folds - 1));
    const options = { folds, seed, simplest, growthOfRows, print, learn };
    const crossValidation = await crossValidate(pool, target, compared, trials, options);
    const { growth } = crossValidation.best;
    const reason = trials.length > 1 ? explain(crossValidation, simplest) : undefined;
    // Two lines, because one would not fit on a terminal.
    print(...(reason === undefined ? [] : reason.replace(/ (?=is within|and no simpler)/, "\n  ").split("\n")));
    return { growth, crossValidation, reason };
}

/** `a tree and 3 forests` */
function listKinds(trials: readonly Growth[]): string {
    const forests = trials.filter(({ algorithm }) => algorithm === "forest").length;
    const kinds = [count(trials.length - forests, "tree"), count(forests, "forest")];
    return kinds.filter((kind) => !kind.startsWith("0")).join(" and ");
}

function explain({ best, top, measure }: CrossValidation, simplest: boolean): string {
    // The trials before this line and the model after it are listed with their limits.
    const name = (growth: Growth) => (growth.algorithm === "tree" ? "the tree" : "the forest");
    const names = { accuracy: "accuracy", rmse: "root mean squared error", brierScore: "Brier score" };
    if (!simplest) {
        return `Chose ${name(best.growth)}: it has the best ${names[measure]}`;
    }
    const within = `within ${TOLERANCE} standard errors of`;
    return best === top
        ? `Chose ${name(best.growth)}: it has the best ${names[measure]}, and no simpler model is ${within} it`
        : `Chose ${name(best.growth)}: it is the simplest model whose ${names[measure]} ` +
              `is ${within} the best, ${formatNumber(top.mean)} for a ${top.growth.algorithm}`;
}

/** A rough estimate for the cross-validation, the test and the final fit. */
function estimateTime(
    { pool, target, hyperparameters, trials, rows, columns }: Request,
    folds: number,
    compared: Uint32Array,
): string {
    const tableRows = target.y.length;
    const costs = trials.map((growth) => {
        const task = toFitTask(growth, hyperparameters.seed, compared);
        const trees = growth.trees ?? 2;
        const ofTree = (fitted: Uint32Array) => estimateTreeMs({ ...task, rows: fitted }, columns, tableRows);
        return { choice: folds * trees * ofTree(compared), fits: 2 * (growth.trees ?? 1) * ofTree(rows) };
    });
    const total = costs.reduce((sum, { choice }) => sum + choice, 0) + Math.max(...costs.map(({ fits }) => fits));
    const seconds = Math.ceil(total / 1000 / pool.threads);
    return seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
