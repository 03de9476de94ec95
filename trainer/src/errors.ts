import { DataError, HyperparameterError, MemoryError } from "../lib/errors";

/** The trainer's exit codes, after sysexits(3). Any other failure is a bug and exits with 70. */
export const EXIT = { usage: 64, data: 65, storage: 69, bug: 70, memory: 71 } as const;

/** Invalid environment variables. The message has one sentence for each problem. */
export class EnvironmentError extends Error {
    override name = "EnvironmentError";
}

/** The bucket could not be read or written. The message names the object and the fix. */
export class StorageError extends Error {
    override name = "StorageError";
}

/** Content that differs from that of the object in the bucket. Reading the object again may help. */
export class DamagedError extends StorageError {
    override name = "DamagedError";
}

const USER_ERRORS = [
    [HyperparameterError, EXIT.usage],
    [EnvironmentError, EXIT.usage],
    [DataError, EXIT.data],
    [StorageError, EXIT.storage],
    [MemoryError, EXIT.memory],
] as const;

/** Exit code for an error that a user can fix, printed without a stack trace; undefined for a bug. */
export function exitCodeOf(error: unknown): number | undefined {
    return USER_ERRORS.find(([type]) => error instanceof type)?.[1];
}
