import type { RunStatus } from "./status";

/** What the messages of a run need to know about it. */
export interface RunPlace {
    bucket: string;
    runId: string;
    project: string;
    zone: string;
    instance: string;
}

/** Lines of the trainer's log, and of the serial port, that an error shows. */
export const shownLines = 40;

/** First line of every wait. */
export function leavingMessage(runId: string): string {
    return (
        `run ${runId}: you may leave it alone. Ctrl-C twice ends this command and the run goes on; ` +
        "`pulumi up` attaches to it again (after a killed command, `pulumi cancel` first)."
    );
}

/** One line for a new state of the run. */
export function stateMessage(status: RunStatus): string {
    const what = {
        PENDING: "waits for its VM",
        PULLING: "the VM has claimed it and pulls the image",
        RUNNING: "the trainer runs",
        SUCCEEDED: "succeeded",
        FAILED: "failed",
        TIMED_OUT: "ran into its time limit",
        INTERRUPTED: "was interrupted",
    }[status.state];
    return `run ${status.runId}, attempt ${status.attempt}: ${what}`;
}

/** Why the update fails: the run ended as `FAILED` or `TIMED_OUT`. */
export function failureMessage(
    place: RunPlace,
    status: RunStatus,
    tail: string[],
    wholeLog: string,
    debugMinutes: number,
    nowMs: number,
): string {
    const reason = status.reason ?? "no reason was given";
    const lines = [`Run ${place.runId}, attempt ${status.attempt}, ${outcomeOf(status, reason)}: ${reason}`];
    if (tail.length > 0) {
        lines.push(`${lastLinesOf(tail)} the trainer's log:`, ...tail.map((line) => `| ${line}`));
        lines.push(`The whole log: gcloud storage cat ${wholeLog}`);
    } else {
        lines.push(`The trainer printed nothing. What its VM did: ${serialPortCommand(place)}`);
    }
    lines.push(...debugLines(place, status, debugMinutes, nowMs));
    lines.push(`\`pulumi up\` tries again, as attempt ${status.attempt + 1}.`);
    return lines.join("\n");
}

function outcomeOf({ state, exitCode }: RunStatus, reason: string): string {
    if (state === "TIMED_OUT") {
        return "ran into its time limit";
    }
    if (exitCode === null) {
        return "failed before its trainer could end";
    }
    // The boot script's reasons say it already.
    return reason.includes(`exit code ${exitCode}`) ? "failed" : `failed with the trainer's exit code ${exitCode}`;
}

function lastLinesOf(lines: string[]): string {
    return lines.length === 1 ? "The last line of" : `The last ${lines.length} lines of`;
}

function serialPortCommand({ instance, project, zone }: RunPlace): string {
    return `gcloud compute instances get-serial-port-output ${instance} --project ${project} --zone ${zone}`;
}

/** How to get into the VM, while it stays up for that. */
function debugLines(place: RunPlace, status: RunStatus, debugMinutes: number, nowMs: number): string[] {
    // The boot script stamps the end right before its debug window.
    const untilMs = Date.parse(status.finishedAt ?? status.updatedAt ?? "") + debugMinutes * 60_000;
    if (debugMinutes <= 0 || untilMs <= nowMs) {
        return [];
    }
    const until = Number.isNaN(untilMs) ? `${debugMinutes} minutes after the failure` : new Date(untilMs).toISOString();
    return [
        `For a look around, the VM stays up until ${until}, then powers itself off:`,
        `  gcloud compute ssh ${place.instance} --project ${place.project} --zone ${place.zone} --tunnel-through-iap`,
        "  (needs roles/iap.tunnelResourceAccessor, roles/compute.osAdminLogin and roles/iam.serviceAccountUser)",
    ];
}

/** Why the update fails: the VM is up, but nothing comes from it. */
export function stallMessage(
    place: RunPlace,
    what: "silent" | "unclaimed" | "off",
    serialLines: string[],
    onPrivateSubnetwork: boolean,
): string {
    const story = {
        silent: "has shown no change of status, log or heartbeat for 3 minutes though its VM is up",
        unclaimed: "has no status from its VM although that has been running for 15 minutes",
        off: "has no status: its VM powered off without writing one",
    }[what];
    const lines = [`Run ${place.runId} ${story}.`];
    if (serialLines.length > 0) {
        lines.push(`${lastLinesOf(serialLines)} the VM's serial port:`);
        lines.push(...serialLines.map((line) => `| ${line}`));
    } else {
        lines.push("The VM's serial port shows nothing.");
    }
    lines.push(`All of it: ${serialPortCommand(place)}`);
    if (onPrivateSubnetwork) {
        lines.push(
            "The VM has no external IP and its subnetwork is not this stack's: Private Google Access must be on there " +
                "(gcloud compute networks subnets update SUBNETWORK --region REGION --enable-private-ip-google-access).",
        );
    }
    lines.push(
        what === "off"
            ? "`pulumi up` starts the VM again."
            : "The VM still powers itself off at its time limit. `pulumi up` attaches to the run again; `pulumi destroy` ends it.",
    );
    return lines.join("\n");
}

/** Why the update fails: the credentials ended before the run did. */
export function expiredMessage(runId: string, detail: string): string {
    return (
        `Google Cloud no longer takes the credentials of this command (${detail}). Run ${runId} goes on without it. ` +
        "Renew them (gcloud auth application-default login, or a new gcp:accessToken), then `pulumi up` attaches to the run."
    );
}
