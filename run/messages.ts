import { formatUsd } from "./cost/estimate";
import type { RunPrice } from "./cost/run-cost";
import type { Engine } from "./engine";
import type { Failure } from "./errors";
import type { RunStatus } from "./status";
import { terminalCell } from "./terminal-text";

/**
 * Reason for a stall: a claimed run that shows no sign of life, a machine that never claimed its run, or one that went
 * down before claiming it.
 */
export type Stall = "silent" | "unclaimed" | "off";

/**
 * Returns the line that is printed when a wait begins.
 * @param logCommand the command that follows the log, if the program has one.
 */
export function leavingMessage(runId: string, logCommand?: string): string {
    const follow = logCommand ? `follow its log in any terminal with \`${logCommand}\`; ` : "";
    return (
        `run ${runId}: ${follow}you can leave now. Ctrl-C twice detaches and the run continues; ` +
        "`pulumi up` reattaches (run `pulumi cancel` first if the command was killed)."
    );
}

/** Returns the last line of an update that does not wait. */
export function detachedMessage(runId: string): string {
    return `run ${runId} continues without this command; \`pulumi up\` collects its results once it has ended`;
}

/**
 * Returns one line for a run that ended before the wait began, so its log is not new.
 * @param logCommand the command that shows the log, if the program has one.
 */
export function endedMessage(status: RunStatus, logCommand?: string): string {
    const when = status.finishedAt ? ` at ${status.finishedAt}` : "";
    const log = logCommand ? `; its log: ${logCommand}` : "";
    return `${stateMessage(status)}${when}, before this command${log}`;
}

/** Returns one line for an attempt that began before the wait, so the beginning of its log is not new. */
export function joinedMessage(status: RunStatus): string {
    return `${stateMessage(status)} since ${status.startedAt}; its log so far:`;
}

/** Returns one line for a run's new state. */
export function stateMessage(status: RunStatus): string {
    const what = {
        PENDING: "waiting for its VM",
        PULLING: "claimed by the VM, pulling the image",
        RUNNING: "training",
        SUCCEEDED: "succeeded",
        FAILED: "failed",
        TIMED_OUT: "timed out",
        INTERRUPTED: "interrupted",
    }[status.state];
    return `run ${status.runId}, attempt ${status.attempt}: ${what}`;
}

/**
 * Returns a sentence about the cost of another attempt, with a space before it; `""` if the price is unknown.
 * @param isLast true for the last attempt, which may be on another VM.
 */
export function attemptCost(price: RunPrice | undefined, isLast = false): string {
    const { hourlyUsd, attemptUsd } = (isLast ? price?.last : undefined) ?? price ?? {};
    if (hourlyUsd === undefined || attemptUsd === undefined) {
        return "";
    }
    const example = price?.isExample ? " (example amounts from the emulator)" : "";
    return ` Another attempt costs ${formatUsd(hourlyUsd)} an hour, and at most ${formatUsd(attemptUsd)}${example}.`;
}

/**
 * The failure of a run that ended as `FAILED` or `TIMED_OUT`.
 * @param tail last lines of the trainer's log.
 * @param wholeLog `gs://` URI of the complete log.
 */
export function runFailure(
    { messages }: Engine,
    status: RunStatus,
    tail: string[],
    wholeLog: string,
    nowMs: number,
): Failure {
    const reason = terminalCell(status.reason ?? "no reason was given");
    const details = messages.debugLines(status, nowMs);
    const summary = `Run ${status.runId}, attempt ${status.attempt}, ${outcomeOf(status, reason)}: ${reason}`;
    const next = `\`pulumi up\` tries again, as attempt ${status.attempt + 1}.${messages.nextCost}`;
    if (tail.length === 0) {
        details.unshift(`Log of its VM: ${messages.logCommand}`);
        return { summary, log: { heading: "The trainer printed nothing.", lines: [] }, details, hints: { next } };
    }
    return {
        summary,
        log: { heading: `${lastLinesOf(tail)} the trainer's log:`, lines: tail },
        details,
        hints: { log: `The whole log: gcloud storage cat ${wholeLog}`, next },
    };
}

function outcomeOf({ state, exitCode }: RunStatus, reason: string): string {
    if (state === "TIMED_OUT") {
        return "timed out";
    }
    if (exitCode === null) {
        return "failed before its trainer ended";
    }
    // The boot script's reasons already contain the exit code.
    return reason.includes(`exit code ${exitCode}`) ? "failed" : `failed with the trainer's exit code ${exitCode}`;
}

function lastLinesOf(lines: string[]): string {
    return lines.length === 1 ? "The last line of" : `The last ${lines.length} lines of`;
}

/** The failure for a machine that is up, or was up, but shows no sign of life. */
export function stallFailure(runId: string, { messages, traits }: Engine, stall: Stall, lines: string[]): Failure {
    const story = {
        silent: `has shown no change in status, log or heartbeat for ${traits.silentMinutes} minutes although its VM is up`,
        unclaimed: `has no status although its VM has been running for ${traits.unclaimedMinutes} minutes`,
        off: `has no status: ${messages.endedUnclaimed}`,
    }[stall];
    const log =
        lines.length > 0
            ? { heading: `${lastLinesOf(lines)} ${messages.logName}:`, lines }
            : { heading: `${messages.logName.replace(/^t/, "T")} shows nothing.`, lines: [] };
    return {
        summary: `Run ${runId} ${story}.`,
        log,
        details: [`The whole output: ${messages.logCommand}`, ...messages.stallDetails],
        hints: { next: stall === "off" ? messages.stallNext.down : messages.stallNext.up },
    };
}

/** The failure for credentials that expired before the run ended. */
export function expiredFailure(runId: string, detail: string): Failure {
    return {
        summary: `The credentials of this command have expired (${detail}). Run ${runId} continues without it.`,
        hints: {
            next: "Renew them (gcloud auth application-default login, or a new gcp:accessToken); then `pulumi up` reattaches.",
        },
    };
}

/** The failure for a missing permission, or for a request that a VPC Service Controls perimeter blocked. */
export function deniedFailure(runId: string, detail: string, role: string): Failure {
    const next = /vpcServiceControls|prohibited by organization/.test(detail)
        ? "A VPC Service Controls perimeter refuses this machine's requests. Run pulumi inside the perimeter, or ask " +
          "an administrator of the organization for an ingress rule; the run continues, and `pulumi up` reattaches to it."
        : `The account that runs pulumi needs roles/storage.admin on the bucket and ${role}.`;
    return { summary: `Run ${runId} cannot be watched: ${detail}.`, hints: { next } };
}

/** The failure for a run that cannot be watched for a reason that this program does not recognise. */
export function unwatchableFailure(runId: string, detail: string): Failure {
    return { summary: `Run ${runId} cannot be watched: ${detail}.`, hints: { next: "`pulumi up` reattaches to it." } };
}

/** The failure when Google Cloud has been unreachable for the entire retry window. */
export function unreachableFailure(runId: string, minutes: number, detail: string): Failure {
    return {
        summary: `Google Cloud has not responded for ${minutes} minutes: ${detail}. Run ${runId} continues.`,
        hints: { next: "`pulumi up` reattaches to it." },
    };
}
