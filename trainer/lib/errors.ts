/** Something that must change before training can run. */
export interface Problem {
    /** The setting at fault, or an entry such as `maxDepth[0]`; undefined if the dataset is at fault. */
    setting?: string;
    /** One sentence; if there is a setting, the part that follows its name: "must be ...; got ...". */
    text: string;
    /** A value that the setting may have. */
    fix?: string;
}

/** A problem as a sentence, with the argument that fixes it. */
export function describeProblem({ setting, text, fix }: Problem): string {
    const command = fix === undefined ? "" : ` (--${setting?.replace(/\[\d+\]$/, "")}=${fix})`;
    return setting === undefined ? text : `\`${setting}\` ${text}${command}`;
}

/** Problems that a user can fix, all reported at once. */
class ProblemError extends Error {
    readonly problems: readonly Problem[];

    constructor(problems: string | readonly Problem[]) {
        const list = typeof problems === "string" ? [{ text: problems }] : problems;
        super(list.map(describeProblem).join("\n"));
        this.problems = list;
    }
}

/**
 * A dataset that cannot be used for training. A problem names the object and, where there is one, the row and the
 * column.
 */
export class DataError extends ProblemError {
    override name = "DataError";
}

/** Wrong hyperparameters, and possibly problems with the dataset. */
export class HyperparameterError extends ProblemError {
    override name = "HyperparameterError";
}

/** The machine has less memory than the dataset needs. The message says how much is needed and what helps. */
export class MemoryError extends Error {
    override name = "MemoryError";
}
