import type { WaitContext } from "./clients";
import { type Action, decide, isDecidedByStatus, isDown, type WaitOptions, type WaitState } from "./decide";
import { detailOf, fatalError } from "./errors";
import { failRun, failStalled } from "./failures";
import { createLogStream, type LogStream } from "./log-stream";
import { endedMessage, joinedMessage, startFailure, stateMessage, vmGoneFailure } from "./messages";
import { createRetryWindow } from "./retry-window";
import { isClaimed, isTerminal, type RunStatus } from "./status";
import { interrupted, moveRun, nextAttempt, readStatus, type SeenStatus, usedUp } from "./transitions";

/** The state of a wait: its environment, and what it has observed so far. */
interface Wait {
    context: WaitContext;
    options: WaitOptions;
    state: WaitState;
    log: LogStream;
    hasReadStatus: boolean;
    /** Generation of a terminal status that was written before this wait, so that its log is not printed as new. */
    endedGeneration: string | undefined;
}

/** The outcome of an action: the run's final status, an immediate next poll, or a poll after a pause. */
type Outcome = RunStatus | "again" | "pause";

/**
 * Waits for a run: attaches to it regardless of its state, starts its VM if necessary, and prints its log.
 * @returns its status once it has `SUCCEEDED`, or, without `wait`, once the VM has claimed it.
 * @throws when the run failed, stalls, or can no longer be watched; the message says what to do.
 */
export async function waitForRun(context: WaitContext, options: WaitOptions): Promise<RunStatus> {
    const { bucket, clock, print } = context;
    const beganMs = clock.now();
    const wait: Wait = {
        context,
        options,
        state: {
            seen: undefined,
            retryGeneration: undefined,
            startedGeneration: undefined,
            vmStatus: undefined,
            hasSeenUp: false,
            downPolls: 0,
            runningSinceMs: undefined,
            lastChangeMs: beganMs,
        },
        log: createLogStream(bucket, options.runId, clock, print),
        hasReadStatus: false,
        endedGeneration: undefined,
    };
    const retried = createRetryWindow(options.runId, clock, print);
    for (;;) {
        const outcome = await retried(async () => {
            await poll(wait);
            return perform(wait, decide({ ...wait.state, ...options, nowMs: clock.now() }));
        });
        if (typeof outcome === "object") {
            return outcome;
        }
        if (outcome !== "again") {
            // Polls are frequent at first, when states change quickly. A run that takes several hours need not be
            // polled every second, except that its log should appear immediately; asking for one object is ten times
            // cheaper than listing objects.
            const pauses = clock.now() - beganMs < 10 * 60_000 ? 1 : 5;
            let isNew = false;
            for (let pause = 0; pause < pauses && !isNew; pause += 1) {
                await clock.sleep(1000);
                isNew = pauses > 1 && (await retried(() => wait.log.hasNext())) === true;
            }
        }
    }
}

/**
 * Brings the state up to date: reads the status, prints what is new, and queries the VM unless the status alone
 * determines the next step.
 */
async function poll(wait: Wait): Promise<void> {
    const { context, options, state, log } = wait;
    const { bucket, clock, print, vm } = context;
    const seen = await readStatus(bucket, options.runId, state.seen);
    const isFirst = !wait.hasReadStatus;
    const isOver = seen !== undefined && isTerminal(seen.status.state);
    if (isFirst && !isOver && options.hints?.leaving) {
        print(options.hints.leaving);
    }
    // A terminal state is printed after the last lines of the log.
    if (seen && !isOver && hasMoved(seen.status, state.seen?.status)) {
        const isJoined = isFirst && options.wait && clock.now() - Date.parse(seen.status.startedAt ?? "") > 60_000;
        print(isJoined ? joinedMessage(seen.status) : stateMessage(seen.status));
    }
    if (seen?.generation !== state.seen?.generation) {
        state.lastChangeMs = clock.now();
        state.seen = seen;
    }
    if (isFirst) {
        wait.hasReadStatus = true;
        wait.endedGeneration = isOver ? seen.generation : undefined;
        const hasFailed = isOver && seen.status.state !== "SUCCEEDED";
        state.retryGeneration = hasFailed && seen.status.reported ? seen.generation : undefined;
    }
    if (isDecidedByStatus({ ...state, wait: options.wait })) {
        return;
    }
    if (seen && isClaimed(seen.status.state) && (await log.follow(seen.status.attempt))) {
        state.lastChangeMs = clock.now();
    }
    state.vmStatus = await vm.status();
    state.runningSinceMs = state.vmStatus === "RUNNING" ? (state.runningSinceMs ?? clock.now()) : undefined;
    if (isDown(state.vmStatus)) {
        state.downPolls += 1;
    } else {
        state.downPolls = 0;
        state.hasSeenUp = true;
    }
    if (state.downPolls === 2) {
        const what = state.vmStatus === undefined ? "no longer exists" : `is ${state.vmStatus}`;
        print(`the VM ${options.instance} ${what}`);
    }
}

function hasMoved(now: RunStatus, before: RunStatus | undefined): boolean {
    return now.state !== before?.state || now.attempt !== before.attempt;
}

/** Performs an action. If another writer changes the status in the meantime, the next poll rereads it. */
async function perform({ context, options, state, log, endedGeneration }: Wait, action: Action): Promise<Outcome> {
    const { bucket, clock, print, vm } = context;
    /** Replaces the status if it is still the one that was read. */
    const write = async (seen: SeenStatus, change: Partial<RunStatus>) => {
        const moved = await moveRun(bucket, clock, seen, change);
        state.seen = moved ?? state.seen;
        return moved?.status;
    };
    switch (action.kind) {
        case "poll":
            return "pause";
        case "detach":
            return action.status;
        case "collect":
        case "fail": {
            const { status } = action.kind === "fail" ? action.seen : action;
            if (endedGeneration !== undefined && state.seen?.generation === endedGeneration) {
                print(endedMessage(status, options.hints?.log));
            } else {
                if (options.wait) {
                    await log.finish(status.attempt);
                }
                print(stateMessage(status));
            }
            if (action.kind === "collect") {
                return status;
            }
            if (!status.reported && !(await write(action.seen, { reported: true }))) {
                return "pause";
            }
            throw await failRun(context, options, status);
        }
        case "retry": {
            const { attempt } = action.seen.status;
            print(`run ${options.runId}: attempt ${attempt} failed before; starting attempt ${attempt + 1}`);
            if (action.stopVm) {
                print(`stopping the VM ${options.instance}, which is still up after that attempt`);
                await vm.stop();
            }
            if (!(await write(action.seen, nextAttempt(action.seen.status)))) {
                return "pause";
            }
            // The VM is known to be down, so the next poll starts it.
            state.downPolls = 2;
            return "again";
        }
        case "interrupt": {
            const { interruptions, seen } = action;
            const status = await write(seen, { ...interrupted(state.vmStatus, options.instance), interruptions });
            if (!status) {
                return "pause";
            }
            print(`${stateMessage(status)}. ${status.reason}`);
            return "again";
        }
        case "give-up": {
            const status = await write(action.seen, usedUp(action.seen.status, options.maxAttempts, clock));
            if (!status) {
                return "pause";
            }
            // The VM is down, so there is no debug window.
            throw await failRun(context, { ...options, debugMinutes: 0 }, status);
        }
        case "start-vm":
            await startVm(context, options);
            Object.assign(state, {
                startedGeneration: state.seen?.generation,
                hasSeenUp: true,
                downPolls: 0,
                runningSinceMs: undefined,
                lastChangeMs: clock.now(),
            });
            return "pause";
        case "vm-gone":
            throw fatalError(vmGoneFailure(options));
        case "stalled":
            throw await failStalled(context, options, action.stall);
    }
}

async function startVm({ print, vm }: WaitContext, options: WaitOptions): Promise<void> {
    print(`starting the VM ${options.instance}`);
    try {
        await vm.start();
    } catch (error) {
        const detail = detailOf(error);
        // This is the error code from a failed operation, such as for a zone without capacity; polling again would not
        // help.
        if (/^[A-Z][A-Z_]+: /.test(detail)) {
            throw fatalError(startFailure(options, detail), error);
        }
        throw error;
    }
}
