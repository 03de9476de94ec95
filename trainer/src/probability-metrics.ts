/** Metrics for predicted probabilities. */
export interface ProbabilityMetrics {
    /** Mean of -ln p, where p is the probability of the actual class, but at least 1e-15. */
    logLoss: number;
    /** Mean squared error of the probabilities: for the second of two classes, or summed over more than two. */
    brierScore: number;
    /** Area under the ROC curve; for more than two classes, the unweighted mean of one class versus the others. */
    rocAuc: number | null;
    /** Average precision, as an unweighted mean over the classes. */
    averagePrecision: number | null;
    /**
     * The last two metrics for each class against the others; null if all of these rows, or none, belong to the class.
     */
    ofClasses: readonly ClassRanking[];
}

/** How well the probability of a class separates its rows from the others. */
export interface ClassRanking {
    rocAuc: number | null;
    averagePrecision: number | null;
}

const SMALLEST_PROBABILITY = 1e-15;

/**
 * Compares predicted probabilities with actual classes, using scikit-learn's definitions.
 * @param actual indices of classes
 * @param probabilities row by row, one for each class
 */
export function scoreProbabilities(
    actual: ArrayLike<number>,
    probabilities: Float64Array,
    classes: number,
): ProbabilityMetrics {
    const rows = actual.length;
    let logLoss = 0;
    let squares = 0;
    for (let row = 0; row < rows; row++) {
        const label = actual[row] as number;
        for (let index = 0; index < classes; index++) {
            const share = probabilities[row * classes + index] as number;
            squares += (share - (index === label ? 1 : 0)) ** 2;
        }
        const share = probabilities[row * classes + label] as number;
        logLoss -= Math.log(Math.min(Math.max(share, SMALLEST_PROBABILITY), 1));
    }
    const ofClasses = Array.from({ length: classes }, (_, index) => rankClass(actual, probabilities, classes, index));
    return {
        logLoss: logLoss / rows,
        brierScore: squares / rows / (classes === 2 ? 2 : 1),
        rocAuc: meanOf(ofClasses.map(({ rocAuc }) => rocAuc)),
        averagePrecision: meanOf(ofClasses.map(({ averagePrecision }) => averagePrecision)),
        ofClasses,
    };
}

function rankClass(
    actual: ArrayLike<number>,
    probabilities: Float64Array,
    classes: number,
    index: number,
): ClassRanking {
    let positives = 0;
    for (let row = 0; row < actual.length; row++) {
        positives += actual[row] === index ? 1 : 0;
    }
    const negatives = actual.length - positives;
    if (positives === 0 || negatives === 0) {
        return { rocAuc: null, averagePrecision: null };
    }
    const ofOwn = new Float64Array(positives);
    const ofOthers = new Float64Array(negatives);
    let [own, others] = [0, 0];
    for (let row = 0; row < actual.length; row++) {
        const share = probabilities[row * classes + index] as number;
        if (actual[row] === index) {
            ofOwn[own++] = share;
        } else {
            ofOthers[others++] = share;
        }
    }
    return rankSorted(ofOwn.sort(), ofOthers.sort());
}

/** Goes through the distinct probabilities from the largest down; equal ones count half for the ROC curve. */
function rankSorted(ofOwn: Float64Array, ofOthers: Float64Array): ClassRanking {
    let [own, others] = [ofOwn.length, ofOthers.length];
    let area = 0;
    let precision = 0;
    while (own > 0) {
        const threshold = Math.max(ofOwn[own - 1] as number, ofOthers[others - 1] ?? -1);
        const [ownBefore, othersBefore] = [own, others];
        // Any other comparison would not end if a probability were NaN.
        while (own > 0 && !((ofOwn[own - 1] as number) < threshold)) {
            own--;
        }
        while (others > 0 && !((ofOthers[others - 1] as number) < threshold)) {
            others--;
        }
        const found = ownBefore - own;
        area += found * ((others + othersBefore) / 2);
        const above = ofOwn.length - own;
        precision += (found * above) / (above + ofOthers.length - others);
    }
    return {
        rocAuc: area / (ofOwn.length * ofOthers.length),
        averagePrecision: precision / ofOwn.length,
    };
}

function meanOf(values: readonly (number | null)[]): number | null {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
