import type { VmClient } from "./clients";
import type { RunPrice } from "./cost/run-cost";
import type { Engine, EngineState } from "./engine";
import { detailOf, fatalError } from "./errors";
import { lastLines } from "./log-chunks";
import { attemptCost } from "./messages";
import type { RunStatus } from "./status";
import { standardVmNeeded } from "./vm-retry";

/** The run's VM, and the facts that messages state about it. */
export interface VmOptions {
    runId: string;
    project: string;
    zone: string;
    instance: string;
    /** Number of minutes that the VM stays up after a failure; 0 if it does not. */
    debugMinutes: number;
    /** True if someone else is responsible for enabling Private Google Access on the VM's subnetwork. */
    onPrivateSubnetwork: boolean;
    /** True for a spot VM whose run uses a standard VM for its last attempt. */
    lastIsStandard?: boolean;
    /** Undefined if it is unknown. */
    price?: RunPrice | undefined;
}

/** Number of lines of serial port output that an error shows. */
const shownLines = 40;

/** The engine `vm`: one VM that powers itself off after each attempt and stays off until it is started again. */
export function vmEngine(vm: VmClient, options: VmOptions): Engine {
    const { runId, project, zone, instance, price } = options;
    const nextCost = attemptCost(price);
    const name = `the VM ${instance}`;
    const logCommand = `gcloud compute instances get-serial-port-output ${instance} --project ${project} --zone ${zone}`;
    return {
        traits: { retries: false, recreates: false, silentMinutes: 3, unclaimedMinutes: 15 },
        messages: {
            starting: `starting ${name}`,
            endedUnclaimed: "its VM powered off without writing one",
            logName: "the VM's serial port",
            logCommand,
            stallDetails: options.onPrivateSubnetwork ? [privateSubnetworkAdvice] : [],
            stallNext: {
                down: "`pulumi up` starts the VM again.",
                up:
                    "The VM still powers itself off at its time limit. `pulumi up` reattaches to the run; " +
                    "`pulumi destroy` ends it.",
            },
            role: "roles/compute.instanceAdmin.v1",
            nextCost,
            interrupted: (left) =>
                `With \`engine: batch\`, an interrupted run continues by itself.${attemptCost(price, left <= 1)}`,
            gone: {
                summary: `The VM ${instance} of run ${runId} no longer exists.`,
                hints: { next: "`pulumi up --refresh` creates it again, and the run continues there." },
            },
            debugLines: (status, nowMs) => debugLines(options, status, nowMs),
        },
        name: () => name,
        state: async () => toState(await vm.status()),
        start: async (attemptsLeft) => {
            if (options.lastIsStandard && attemptsLeft <= 1) {
                const summary = `Run ${runId} was interrupted on spot VMs, and ${standardVmNeeded}.`;
                const next = `\`pulumi up\` replaces the VM ${instance} with one.${attemptCost(price, true)}`;
                throw fatalError({ summary, hints: { next } });
            }
            try {
                await vm.start();
            } catch (error) {
                const detail = detailOf(error);
                // This is the error code of a failed operation, for example in a zone without capacity; polling again
                // would not help.
                if (/^[A-Z][A-Z_]+: /.test(detail)) {
                    const summary = `The VM ${instance} in ${zone} could not be started: ${detail}. Run ${runId} keeps its state.`;
                    const next = `\`pulumi up\` tries again, in another zone if \`zones\` names one.${nextCost}`;
                    throw fatalError({ summary, hints: { next } }, error);
                }
                throw error;
            }
        },
        cancel: () => vm.stop(),
        log: async () => lastLines(await vm.serialOutput(), shownLines),
    };
}

const privateSubnetworkAdvice =
    "The VM has no external IP, and its subnetwork does not belong to this stack: enable Private Google Access there " +
    "(gcloud compute networks subnets update SUBNETWORK --region REGION --enable-private-ip-google-access), " +
    "and make sure that the network's DNS resolves storage.googleapis.com and *.pkg.dev and that its firewall " +
    "allows egress to them.";

/** Converts a status from Compute Engine to the state of an engine. A VM that is being repaired counts as up. */
export function toState(status: string | undefined): EngineState {
    if (status === undefined) {
        return { phase: "gone", detail: "no longer exists" };
    }
    const phases: Record<string, EngineState["phase"]> = {
        RUNNING: "running",
        TERMINATED: "ended",
        STOPPED: "ended",
        SUSPENDED: "ended",
        STOPPING: "stopping",
        SUSPENDING: "stopping",
    };
    return { phase: phases[status] ?? "starting", detail: `is ${status}` };
}

/** Instructions for logging in to the VM during its debug window. */
function debugLines({ project, zone, instance, debugMinutes }: VmOptions, status: RunStatus, nowMs: number): string[] {
    // The boot script writes `finishedAt` immediately before its debug window.
    const untilMs = Date.parse(status.finishedAt ?? status.updatedAt ?? "") + debugMinutes * 60_000;
    if (debugMinutes <= 0 || untilMs <= nowMs) {
        return [];
    }
    const until = Number.isNaN(untilMs) ? `${debugMinutes} minutes after the failure` : new Date(untilMs).toISOString();
    return [
        `The VM stays up for debugging until ${until}:`,
        `  gcloud compute ssh ${instance} --project ${project} --zone ${zone} --tunnel-through-iap`,
        "  (needs roles/iap.tunnelResourceAccessor, roles/compute.osAdminLogin and roles/iam.serviceAccountUser)",
    ];
}
