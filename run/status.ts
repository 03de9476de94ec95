import { terminalCell } from "./terminal-text";

/** All states that a run can have. The boot script uses the same words. */
export const runStates = ["PENDING", "PULLING", "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "INTERRUPTED"] as const;

export type RunState = (typeof runStates)[number];

/** The content of `runs/<runId>/status.json`. Times are in RFC 3339 format. */
export interface RunStatus {
    schema: 1;
    runId: string;
    state: RunState;
    /** The attempt's number, starting at 1. */
    attempt: number;
    /** Number of interruptions since a user last started the run. */
    interruptions: number;
    /** True once an update has failed with this outcome, so that the next one may try again. */
    reported: boolean;
    /** systemd's `INVOCATION_ID` for the unit; null while no VM has claimed the attempt. */
    bootId: string | null;
    /** The container's exit code. */
    exitCode: number | null;
    /** One sentence that says what happened and what to do. */
    reason: string | null;
    startedAt: string | null;
    updatedAt: string | null;
    finishedAt: string | null;
}

/**
 * Parses a status object.
 * @param where its `gs://` URI, for the error.
 * @throws if the text is not a status as written by this program or the boot script.
 */
export function parseStatus(text: string, where: string): RunStatus {
    const problem = (what: string) =>
        new Error(`${where} is not a run's status: ${what}; got ${terminalCell(text.slice(0, 200))}`);
    const value = parseObject(text);
    if (value === undefined) {
        throw problem("it must be a JSON object");
    }
    const state = runStates.find((known) => known === value.state);
    if (state === undefined) {
        throw problem(`"state" must be one of ${runStates.join(", ")}`);
    }
    if (value.schema !== 1) {
        throw problem('"schema" must be 1; a newer gcp-trainer may have written it');
    }
    if (typeof value.runId !== "string" || !isCount(value.attempt) || !isCount(value.interruptions)) {
        throw problem('"runId", "attempt" and "interruptions" are required');
    }
    return {
        schema: 1,
        runId: value.runId,
        state,
        attempt: value.attempt,
        interruptions: value.interruptions,
        reported: value.reported === true,
        bootId: textOrNull(value.bootId),
        exitCode: typeof value.exitCode === "number" ? value.exitCode : null,
        reason: textOrNull(value.reason),
        startedAt: textOrNull(value.startedAt),
        updatedAt: textOrNull(value.updatedAt),
        finishedAt: textOrNull(value.finishedAt),
    };
}

/** Renders a status as the boot script does, on one line, with the same keys in the same order. */
export function renderStatus(status: RunStatus): string {
    return `${JSON.stringify({
        schema: status.schema,
        runId: status.runId,
        state: status.state,
        attempt: status.attempt,
        interruptions: status.interruptions,
        reported: status.reported,
        bootId: status.bootId,
        exitCode: status.exitCode,
        reason: status.reason,
        startedAt: status.startedAt,
        updatedAt: status.updatedAt,
        finishedAt: status.finishedAt,
    })}\n`;
}

/** True if the state can be changed only by a new attempt, started by a user. */
export function isTerminal(state: RunState): boolean {
    return state === "SUCCEEDED" || state === "FAILED" || state === "TIMED_OUT";
}

/** True if a VM has claimed the run and its attempt has not ended yet. */
export function isClaimed(state: RunState): boolean {
    return state === "PULLING" || state === "RUNNING";
}

/** Parses a JSON object; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(text);
        const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
        return isObject ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}

function isCount(value: unknown): value is number {
    return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function textOrNull(value: unknown): string | null {
    return typeof value === "string" && value !== "" ? value : null;
}
