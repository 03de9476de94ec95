import { HyperparameterError } from "../../lib/errors";
import { type Hyperparameters, readArguments } from "../../lib/settings/arguments";

/**
 * Parses arguments.
 * @throws {HyperparameterError} with every problem
 */
export function parseArguments(argv: readonly string[]): Hyperparameters {
    const { hyperparameters, problems } = readArguments(argv);
    if (problems.length > 0) {
        throw new HyperparameterError(problems);
    }
    return hyperparameters;
}
