import type { Failure } from "./errors";
import type { RunStatus } from "./status";
import { terminalCell } from "./terminal-text";

/** The location of a run and its VM. */
export interface RunLocation {
    bucket: string;
    runId: string;
    project: string;
    zone: string;
    instance: string;
}

/**
 * Reason for a stall: a claimed run that shows no sign of life, a VM that never claimed its run, or one that powered
 * off before claiming it.
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
 * The failure of a run that ended as `FAILED` or `TIMED_OUT`.
 * @param tail last lines of the trainer's log.
 * @param wholeLog `gs://` URI of the complete log.
 */
export function runFailure(
    location: RunLocation,
    status: RunStatus,
    tail: string[],
    wholeLog: string,
    debugMinutes: number,
    nowMs: number,
): Failure {
    const reason = terminalCell(status.reason ?? "no reason was given");
    const details = debugLines(location, status, debugMinutes, nowMs);
    const summary = `Run ${location.runId}, attempt ${status.attempt}, ${outcomeOf(status, reason)}: ${reason}`;
    const next = `\`pulumi up\` tries again, as attempt ${status.attempt + 1}.`;
    if (tail.length === 0) {
        details.unshift(`Log of its VM: ${serialPortCommand(location)}`);
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

function serialPortCommand({ instance, project, zone }: RunLocation): string {
    return `gcloud compute instances get-serial-port-output ${instance} --project ${project} --zone ${zone}`;
}

/** Instructions for logging in to the VM during its debug window. */
function debugLines(location: RunLocation, status: RunStatus, debugMinutes: number, nowMs: number): string[] {
    // The boot script writes `finishedAt` right before its debug window.
    const untilMs = Date.parse(status.finishedAt ?? status.updatedAt ?? "") + debugMinutes * 60_000;
    if (debugMinutes <= 0 || untilMs <= nowMs) {
        return [];
    }
    const until = Number.isNaN(untilMs) ? `${debugMinutes} minutes after the failure` : new Date(untilMs).toISOString();
    const { instance, project, zone } = location;
    return [
        `The VM stays up for debugging until ${until}:`,
        `  gcloud compute ssh ${instance} --project ${project} --zone ${zone} --tunnel-through-iap`,
        "  (needs roles/iap.tunnelResourceAccessor, roles/compute.osAdminLogin and roles/iam.serviceAccountUser)",
    ];
}

/** The failure for a VM that is up, or was up, but shows no sign of life. */
export function stallFailure(
    location: RunLocation,
    stall: Stall,
    serialLines: string[],
    onPrivateSubnetwork: boolean,
): Failure {
    const story = {
        silent: "has shown no change in status, log or heartbeat for 3 minutes although its VM is up",
        unclaimed: "has no status although its VM has been running for 15 minutes",
        off: "has no status: its VM powered off without writing one",
    }[stall];
    const log =
        serialLines.length > 0
            ? { heading: `${lastLinesOf(serialLines)} the VM's serial port:`, lines: serialLines }
            : { heading: "The VM's serial port shows nothing.", lines: [] };
    const details = [`The whole output: ${serialPortCommand(location)}`];
    if (onPrivateSubnetwork) {
        details.push(
            "The VM has no external IP, and its subnetwork does not belong to this stack: enable Private Google Access there " +
                "(gcloud compute networks subnets update SUBNETWORK --region REGION --enable-private-ip-google-access), " +
                "and make sure that the network's DNS resolves storage.googleapis.com and *.pkg.dev and that its firewall " +
                "allows egress to them.",
        );
    }
    const next =
        stall === "off"
            ? "`pulumi up` starts the VM again."
            : "The VM still powers itself off at its time limit. `pulumi up` reattaches to the run; `pulumi destroy` ends it.";
    return { summary: `Run ${location.runId} ${story}.`, log, details, hints: { next } };
}

/** The failure for a run that needs its VM, which someone has deleted. */
export function vmGoneFailure({ instance, runId }: RunLocation): Failure {
    return {
        summary: `The VM ${instance} of run ${runId} no longer exists.`,
        hints: { next: "`pulumi up --refresh` creates it again, and the run continues there." },
    };
}

/** The failure for a VM that Compute Engine could not start. */
export function startFailure({ instance, zone, runId }: RunLocation, detail: string): Failure {
    return {
        summary: `The VM ${instance} in ${zone} could not be started: ${detail}. Run ${runId} keeps its state.`,
        hints: { next: "`pulumi up` tries again." },
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

/** The failure for a missing permission, or for a request that a VPC Service Controls perimeter refused. */
export function deniedFailure(runId: string, detail: string): Failure {
    const next = /vpcServiceControls|prohibited by organization/.test(detail)
        ? "A VPC Service Controls perimeter refuses this machine's requests. Run pulumi inside the perimeter, or ask " +
          "an administrator of the organization for an ingress rule; the run continues, and `pulumi up` reattaches to it."
        : "The account that runs pulumi needs roles/storage.admin on the bucket and roles/compute.instanceAdmin.v1.";
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
