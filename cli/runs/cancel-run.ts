import { batchEngine } from "../../run/batch-engine";
import { type BucketClient, systemClock } from "../../run/clients";
import { createAuth } from "../../run/credentials";
import type { Engine } from "../../run/engine";
import { openCall, readEndpoints } from "../../run/google-api";
import { openVm } from "../../run/google-clients";
import { isTerminal } from "../../run/status";
import { moveRun, readStatus } from "../../run/transitions";
import { vmEngine } from "../../run/vm-engine";
import type { CommandContext } from "../shared/command-context";
import type { StackLocation } from "../shared/stored-runs/stack-location";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";

/** The reason in the status of a run that a user has cancelled. */
const CANCELLED = "A user cancelled the run; run pulumi up to continue it from its checkpoint";

/**
 * Ends a run in progress. A `pulumi up` that waits for it fails, and the next one continues the run from its
 * checkpoint.
 *
 * @throws UsageError for a run that is not in progress, or that the stack does not contain
 */
export async function cancelRun(
    bucket: BucketClient,
    location: StackLocation,
    runId: string,
    { print, env }: CommandContext,
): Promise<number> {
    const engine = await engineOf(location, runId, env);
    const clock = systemClock();
    for (;;) {
        const seen = await readStatus(bucket, runId);
        if (seen === undefined || isTerminal(seen.status.state)) {
            const state = seen === undefined ? "has not started" : `is already ${seen.status.state}`;
            throw new UsageError(`The run ${runId} ${state} (${commandLine("runs")})`);
        }
        const finishedAt = new Date(clock.now()).toISOString();
        // The VM may write its status at the same time, in which case the run has not been cancelled yet.
        if (await moveRun(bucket, clock, seen, { state: "FAILED", exitCode: null, reason: CANCELLED, finishedAt })) {
            break;
        }
    }
    print(`run ${runId}: cancelled; ending ${engine.name()}`);
    await engine.cancel();
    print(`run ${runId}: ${engine.name()} has ended; \`pulumi up\` continues the run from its checkpoint`);
    return 0;
}

/** @throws UsageError if the stack's state does not contain the run */
async function engineOf(location: StackLocation, runId: string, env: NodeJS.ProcessEnv): Promise<Engine> {
    const { config, runs, settings, stack } = location;
    const run = runs.find((one) => one.runId === runId);
    if (run === undefined) {
        const others = runs.map((one) => one.runId).join(", ") || "none";
        throw new UsageError(
            `The state of the stack ${stack} must contain the run ${runId}; it contains ${others} (${commandLine("runs", "cancel RUN -s STACK")})`,
        );
    }
    const auth = await createAuth(settings);
    const clock = systemClock();
    if (run.batch === undefined) {
        const options = { ...run, debugMinutes: 0, onPrivateSubnetwork: false };
        return vmEngine(openVm(run, settings, auth, clock), options);
    }
    const apis = { call: openCall(auth, clock), endpoints: readEndpoints(config, env, settings), clock };
    return batchEngine(apis, { ...run, ...run.batch });
}
