import type { WaitContext } from "./clients";
import { type Action, decide, isDecidedByStatus, type WaitOptions, type WaitState } from "./decide";
import { isDown } from "./engine";
import { fatalError } from "./errors";
import { failRun, failStalled } from "./failures";
import { createLogStream, type LogStream } from "./log-stream";
import { endedMessage, joinedMessage, stateMessage } from "./messages";
import { createRetryWindow } from "./retry-window";
import { isClaimed, isTerminal, type RunStatus } from "./status";
import { resetFailedPoints } from "./sweep-start";
import { createSweepStream } from "./sweep-watch";
import { attemptsLeft, interrupted, moveRun, nextAttempt, readStatus, type SeenStatus, usedUp } from "./transitions";

/** The state of a wait: its environment, and what it has observed so far. */
interface Wait {
    context: WaitContext;
    options: WaitOptions;
    state: WaitState;
    log: LogStream;
    hasReadStatus: boolean;
    /** Generation of a terminal status that was written before this wait, so that its log is not printed as new. */
    endedGeneration: string | undefined;
    /** Time at which the engine began to start, and the reason that was printed last. */
    starting: { sinceMs: number | undefined; printed: string | undefined };
}

/** The outcome of an action: the run's final status, an immediate next poll, or a poll after a pause. */
type Outcome = RunStatus | "again" | "pause";

/**
 * Waits for a run: attaches to it regardless of its state, starts its engine if necessary, and prints its log.
 * @returns its status once it has `SUCCEEDED` or, without `wait`, once it can continue by itself.
 * @throws when the run failed, stalls, or can no longer be watched; the message says what to do.
 */
export async function waitForRun(context: WaitContext, options: WaitOptions): Promise<RunStatus> {
    const { bucket, clock, engine, print } = context;
    const beganMs = clock.now();
    const wait: Wait = {
        context,
        options,
        state: {
            seen: undefined,
            retryGeneration: undefined,
            startedGeneration: undefined,
            engineState: { phase: "gone", detail: "has not been seen" },
            hasSeenUp: false,
            downPolls: 0,
            runningSinceMs: undefined,
            lastChangeMs: beganMs,
        },
        log: options.sweep
            ? createSweepStream(bucket, options.runId, options.sweep, clock, print, options.price)
            : createLogStream(bucket, options.runId, clock, print),
        hasReadStatus: false,
        endedGeneration: undefined,
        starting: { sinceMs: undefined, printed: undefined },
    };
    const retried = createRetryWindow(options.runId, clock, print, engine.messages.role);
    for (;;) {
        const outcome = await retried(async () => {
            await poll(wait);
            return perform(wait, decide({ ...wait.state, ...options, traits: engine.traits, nowMs: clock.now() }));
        });
        if (typeof outcome === "object") {
            return outcome;
        }
        if (outcome !== "again") {
            // Polls are frequent at first, when states change quickly. A run that takes several hours need not be
            // polled every second, but its log should appear immediately; requesting one object costs a tenth as much
            // as listing objects.
            const pauses = clock.now() - beganMs < (options.sweep ? 1 : 10) * 60_000 ? 1 : 5;
            let isNew = false;
            for (let pause = 0; pause < pauses && !isNew; pause += 1) {
                await clock.sleep(1000);
                isNew = pauses > 1 && (await retried(() => wait.log.hasNext())) === true;
            }
        }
    }
}

/**
 * Brings the state up to date: reads the status, prints what is new, and queries the engine unless the status alone
 * determines the next step.
 */
async function poll(wait: Wait): Promise<void> {
    const { context, options, state, log } = wait;
    const { bucket, clock, engine, print } = context;
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
        adviseInterrupted(context, options, seen.status);
    }
    if (seen?.generation !== state.seen?.generation) {
        state.lastChangeMs = clock.now();
        state.seen = seen;
    }
    if (isFirst) {
        wait.hasReadStatus = true;
        const isOfThisCommand = Date.parse(seen?.status.startedAt ?? "") >= (options.commandStartedMs ?? Infinity);
        wait.endedGeneration = isOver && !isOfThisCommand ? seen.generation : undefined;
        const hasFailed = isOver && seen.status.state !== "SUCCEEDED";
        state.retryGeneration = hasFailed && seen.status.reported ? seen.generation : undefined;
    }
    if (isDecidedByStatus({ ...state, wait: options.wait })) {
        return;
    }
    if (seen && isClaimed(seen.status.state) && (await log.follow(seen.status.attempt, state.engineState.running))) {
        state.lastChangeMs = clock.now();
    }
    state.engineState = await engine.state();
    const { phase, detail } = state.engineState;
    state.runningSinceMs = phase === "running" ? (state.runningSinceMs ?? clock.now()) : undefined;
    if (isDown(state.engineState)) {
        state.downPolls += 1;
    } else {
        state.downPolls = 0;
        state.hasSeenUp = true;
    }
    if (state.downPolls === 2) {
        print(`${engine.name()} ${detail}`);
    }
    reportDelay(wait);
}

/** Prints the engine's advice after an interruption if the run has an attempt left. */
function adviseInterrupted({ engine, print }: WaitContext, { maxAttempts }: WaitOptions, status: RunStatus): void {
    const left = attemptsLeft(status, maxAttempts);
    const advice = status.state === "INTERRUPTED" && left > 0 ? engine.messages.interrupted(left) : "";
    if (advice !== "") {
        print(advice);
    }
}

/** Prints why the engine is still starting after two minutes, and again whenever the reason changes. */
function reportDelay({ context: { clock, print }, options, state, starting }: Wait): void {
    const { phase, waitsFor } = state.engineState;
    starting.sinceMs = phase === "starting" ? (starting.sinceMs ?? clock.now()) : undefined;
    const isLate = starting.sinceMs !== undefined && clock.now() - starting.sinceMs >= 2 * 60_000;
    if (isLate && waitsFor !== undefined && waitsFor !== starting.printed) {
        starting.printed = waitsFor;
        print(`run ${options.runId} is still waiting for its VM: ${waitsFor}`);
    }
}

function hasMoved(now: RunStatus, before: RunStatus | undefined): boolean {
    return now.state !== before?.state || now.attempt !== before.attempt;
}

/** Performs an action. If another writer changes the status in the meantime, the next poll rereads it. */
async function perform({ context, options, state, log, endedGeneration }: Wait, action: Action): Promise<Outcome> {
    const { bucket, clock, engine, print } = context;
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
            print(`run ${options.runId}: attempt ${attempt} failed; starting attempt ${attempt + 1}`);
            if (action.cancels) {
                print(`stopping ${engine.name()}, which is still up after that attempt`);
                await engine.cancel();
            }
            if (options.sweep) {
                // The points are reset before the status is written: if this command were killed after writing the
                // status, the next one would not reset them.
                await resetFailedPoints(bucket, clock, options.runId);
            }
            if (!(await write(action.seen, nextAttempt(action.seen.status)))) {
                return "pause";
            }
            // The engine is known to be down, so the next poll starts it.
            state.downPolls = 2;
            return "again";
        }
        case "interrupt": {
            const { interruptions, seen } = action;
            const status = await write(seen, { ...interrupted(engine.name(), state.engineState), interruptions });
            if (!status) {
                return "pause";
            }
            print(`${stateMessage(status)}. ${status.reason}`);
            adviseInterrupted(context, options, status);
            return "again";
        }
        case "give-up": {
            const status = await write(action.seen, usedUp(action.seen.status, options.maxAttempts, clock));
            if (!status) {
                return "pause";
            }
            throw await failRun(context, options, status, false);
        }
        case "start":
            print(engine.messages.starting);
            await engine.start(action.attemptsLeft);
            Object.assign(state, {
                startedGeneration: state.seen?.generation,
                hasSeenUp: true,
                downPolls: 0,
                runningSinceMs: undefined,
                lastChangeMs: clock.now(),
            });
            return "pause";
        case "gone":
            throw fatalError(engine.messages.gone);
        case "stalled":
            throw await failStalled(context, options, action.stall);
    }
}
