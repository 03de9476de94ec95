/** A mistake that the user can fix: `runCommand` prints its message without a stack trace. */
export class UsageError extends Error {}
