import type { BucketClient, Clock, Print, VmClient } from "./clients";
import { finalError, messageOf } from "./errors";
import { createLogStream, type LogStream } from "./log-stream";
import { leavingMessage, type RunPlace, stateMessage } from "./messages";
import { createPatience } from "./patience";
import { failRun, failStalled } from "./report";
import { isClaimed, isTerminal, type RunStatus } from "./status";
import { hasAttemptsLeft, interrupted, moveRun, nextAttempt, readStatus, type SeenStatus, usedUp } from "./transitions";
import { findStall, isDown } from "./vm-state";

/** Everything outside the waiter. */
export interface WaitContext {
    bucket: BucketClient;
    vm: VmClient;
    clock: Clock;
    print: Print;
}

export interface WaitOptions extends RunPlace {
    /** False ends the wait when the VM has claimed the run. */
    wait: boolean;
    maxAttempts: number;
    debugMinutes: number;
    /** True when Private Google Access on the VM's subnetwork is not in this stack's hands. */
    onPrivateSubnetwork: boolean;
}

/** What the waiter remembers from one look to the next. */
interface Memory {
    seen: SeenStatus | undefined;
    hasLooked: boolean;
    /** Generation of a failure that an earlier update has reported: this one starts the next attempt. */
    retryGeneration: string | undefined;
    /** What was seen when this waiter started the VM: still the same when it is down again, its boot did nothing. */
    startedGeneration: string | undefined;
    hasSeenUp: boolean;
    /** The last look found the VM down as well. */
    wasDown: boolean;
    runningSinceMs: number | undefined;
    lastChangeMs: number;
}

/**
 * Waits for a run: attaches to it wherever it stands, starts its VM when it needs one, prints its log.
 * @returns its status once it is `SUCCEEDED`, or, without `wait`, once the VM has claimed it.
 * @throws when the run failed, stalls, or cannot be watched any more; the message says what to do.
 */
export async function waitForRun(context: WaitContext, options: WaitOptions): Promise<RunStatus> {
    const { bucket, clock, print } = context;
    const beganMs = clock.now();
    const memory: Memory = {
        seen: undefined,
        hasLooked: false,
        retryGeneration: undefined,
        startedGeneration: undefined,
        hasSeenUp: false,
        wasDown: false,
        runningSinceMs: undefined,
        lastChangeMs: beganMs,
    };
    const log = createLogStream(bucket, options.runId, clock, print);
    const patience = createPatience(options.runId, clock, print);
    if (options.wait) {
        print(leavingMessage(options.runId));
    }
    for (;;) {
        const end = await patience(() => look(context, options, memory, log));
        if (end !== undefined) {
            return end;
        }
        // Quick at first, when things happen; a run of hours need not be asked about every second.
        await clock.sleep(clock.now() - beganMs < 10 * 60_000 ? 1000 : 5000);
    }
}

/** One look, and what follows from it. It can be repeated wherever a request of it failed. */
async function look(
    context: WaitContext,
    options: WaitOptions,
    memory: Memory,
    log: LogStream,
): Promise<RunStatus | undefined> {
    const { bucket, clock, print, vm } = context;
    const seen = await readStatus(bucket, options.runId, memory.seen);
    const before = memory.seen?.status;
    // An end is told below what the trainer printed before it.
    if (seen && !isTerminal(seen.status.state) && hasMoved(seen.status, before)) {
        print(stateMessage(seen.status));
    }
    if (seen?.generation !== memory.seen?.generation) {
        memory.lastChangeMs = clock.now();
        memory.seen = seen;
    }
    if (!memory.hasLooked) {
        memory.hasLooked = true;
        const isReported = seen?.status.reported && isTerminal(seen.status.state) && seen.status.state !== "SUCCEEDED";
        memory.retryGeneration = isReported ? seen.generation : undefined;
    }
    if (seen && isTerminal(seen.status.state)) {
        return settle(context, options, memory, log, seen);
    }
    if (seen && isClaimed(seen.status.state)) {
        if (!options.wait) {
            print(
                `run ${options.runId} goes on without this command; \`pulumi up\` collects its results when it has ended`,
            );
            return seen.status;
        }
        if (await log.follow(seen.status.attempt)) {
            memory.lastChangeMs = clock.now();
        }
    }

    const vmStatus = await vm.status();
    memory.runningSinceMs = vmStatus === "RUNNING" ? (memory.runningSinceMs ?? clock.now()) : undefined;
    if (isDown(vmStatus)) {
        // The VM may have written its last status between the two requests: one more look tells.
        if (memory.wasDown) {
            await revive(context, options, memory, vmStatus);
        }
        memory.wasDown = true;
        return undefined;
    }
    memory.wasDown = false;
    memory.hasSeenUp = true;
    const stall = findStall({
        nowMs: clock.now(),
        lastChangeMs: memory.lastChangeMs,
        runningSinceMs: memory.runningSinceMs,
        state: seen?.status.state,
    });
    if (stall) {
        throw await failStalled(context, options, stall);
    }
    return undefined;
}

function hasMoved(now: RunStatus, before: RunStatus | undefined): boolean {
    return now.state !== before?.state || now.attempt !== before.attempt;
}

/** The run has ended: for good, or this update begins its next attempt. */
async function settle(
    context: WaitContext,
    options: WaitOptions,
    memory: Memory,
    log: LogStream,
    seen: SeenStatus,
): Promise<RunStatus | undefined> {
    const { bucket, clock, print, vm } = context;
    const { status, generation } = seen;
    if (status.state !== "SUCCEEDED" && generation === memory.retryGeneration) {
        print(`run ${options.runId}: attempt ${status.attempt} failed before; starting attempt ${status.attempt + 1}`);
        const vmStatus = await vm.status();
        if (!isDown(vmStatus)) {
            print(`stopping the VM ${options.instance}, which is still up after that attempt`);
            await vm.stop();
        }
        const moved = await moveRun(bucket, clock, seen, nextAttempt(status));
        if (moved) {
            memory.seen = moved;
            await startVm(context, options, memory, vmStatus);
        }
        return undefined;
    }
    if (options.wait) {
        await log.finish(status.attempt);
    }
    print(stateMessage(status));
    if (status.state === "SUCCEEDED") {
        return status;
    }
    if (!status.reported && !(await moveRun(bucket, clock, seen, { reported: true }))) {
        return undefined;
    }
    throw await failRun(context, options, status);
}

/** The run is not finished and its VM is down. */
async function revive(
    context: WaitContext,
    options: WaitOptions,
    memory: Memory,
    vmStatus: string | undefined,
): Promise<void> {
    const { bucket, clock, print } = context;
    print(`the VM ${options.instance} ${vmStatus === undefined ? "does not exist any more" : `is ${vmStatus}`}`);
    let seen = memory.seen;
    if (seen === undefined) {
        if (memory.hasSeenUp) {
            throw await failStalled(context, options, "off");
        }
        await startVm(context, options, memory, vmStatus);
        return;
    }
    const bootDidNothing = seen.generation === memory.startedGeneration;
    const isInterrupted = seen.status.state === "INTERRUPTED";
    if (isClaimed(seen.status.state) || bootDidNothing) {
        // The boot script counts the interruption when it claims the run; a boot that never got there cannot.
        const interruptions = seen.status.interruptions + (isInterrupted ? 1 : 0);
        seen = await moveRun(bucket, clock, seen, { ...interrupted(vmStatus, options.instance), interruptions });
        if (seen === undefined) {
            return;
        }
        memory.seen = seen;
        print(`${stateMessage(seen.status)}. ${seen.status.reason}`);
    }
    if (seen.status.state === "INTERRUPTED" && !hasAttemptsLeft(seen.status, options.maxAttempts)) {
        const ended = await moveRun(bucket, clock, seen, usedUp(seen.status, options.maxAttempts, clock));
        if (ended) {
            // Its VM is down: there is nothing to look around in.
            throw await failRun(context, { ...options, debugMinutes: 0 }, ended.status);
        }
        return;
    }
    await startVm(context, options, memory, vmStatus);
}

async function startVm(
    context: WaitContext,
    options: WaitOptions,
    memory: Memory,
    vmStatus: string | undefined,
): Promise<void> {
    if (vmStatus === undefined) {
        throw finalError(
            `The VM ${options.instance} of run ${options.runId} does not exist any more. ` +
                "`pulumi up --refresh` makes it anew, and the run goes on there.",
        );
    }
    context.print(`starting the VM ${options.instance}`);
    try {
        await context.vm.start();
    } catch (error) {
        throw startError(options, error);
    }
    memory.startedGeneration = memory.seen?.generation;
    memory.hasSeenUp = true;
    memory.wasDown = false;
    memory.runningSinceMs = undefined;
    memory.lastChangeMs = context.clock.now();
}

/** An operation that failed has no HTTP status: Compute Engine could not do it, and will not within a minute. */
function startError(options: WaitOptions, error: unknown): unknown {
    const message = messageOf(error);
    if (!/^[A-Z][A-Z_]+: /.test(message)) {
        return error;
    }
    return finalError(
        `The VM ${options.instance} in ${options.zone} could not be started: ${message}. ` +
            `Run ${options.runId} keeps its place; \`pulumi up\` tries again.`,
        error,
    );
}
