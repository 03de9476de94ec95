import type { Model } from "../../trainer/lib/model";

/** Names of the columns that come after the input's. */
export interface PredictedColumns {
    /** The class or the number. */
    prediction: string;
    /** For classes: the share of each, in their order. */
    probabilities: string[];
    /** Why there is no prediction. */
    error: string;
    /** Names that the input has already, and that got a number therefore. */
    taken: string[];
}

/**
 * Names the columns of the prediction. When the input has one of them, as the output of an earlier prediction has, all
 * of them end in the same number, `_2` or more, so that they can be told from those that are there.
 */
export function namePredictedColumns(model: Model, present: readonly string[]): PredictedColumns {
    const classes = model.task === "classification" ? model.classes : [];
    const names = [`predicted_${model.target}`, ...classes.map((label) => `probability_${label}`), "prediction_error"];
    const there = new Set(present);
    const taken = names.filter((name) => there.has(name));
    let suffix = "";
    for (let number = 2; names.some((name) => there.has(name + suffix)); number++) {
        suffix = `_${number}`;
    }
    const numbered = names.map((name) => name + suffix);
    return {
        prediction: numbered[0] as string,
        probabilities: numbered.slice(1, -1),
        error: numbered.at(-1) as string,
        taken,
    };
}
