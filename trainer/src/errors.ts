/** Exit codes of the trainer, after sysexits(3). Everything else is a bug and ends with 70. */
export const EXIT = { usage: 64, data: 65, storage: 69, bug: 70, memory: 71 } as const;

/** A failure that a person can act on: its message is printed as it is, without a stack trace. */
export class TrainerError extends Error {
    readonly exitCode: number;

    constructor(exitCode: number, message: string, options?: ErrorOptions) {
        super(message, options);
        this.exitCode = exitCode;

        this.name = new.target.name;
    }
}

/** Wrong hyperparameters or environment; `problems` are complete sentences and are shown all at once. */
export class UsageError extends TrainerError {
    readonly problems: readonly string[];

    constructor(problems: readonly string[]) {
        super(EXIT.usage, problems.join("\n"));
        this.problems = problems;
    }
}

/** The dataset cannot be trained on; the message names the object and, where there is one, row and column. */
export class DataError extends TrainerError {
    constructor(message: string, options?: ErrorOptions) {
        super(EXIT.data, message, options);
    }
}

/** The machine has less memory than the dataset needs; the message says how much, and the way out. */
export class MemoryError extends TrainerError {
    constructor(message: string, options?: ErrorOptions) {
        super(EXIT.memory, message, options);
    }
}

/** The bucket could not be read or written; the message names the object and the way out. */
export class StorageError extends TrainerError {
    constructor(message: string, options?: ErrorOptions) {
        super(EXIT.storage, message, options);
    }
}
