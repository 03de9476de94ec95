import type { Failure } from "./errors";
import type { RunStatus } from "./status";

/** The machine that trains a run, as one poll sees it. */
export interface EngineState {
    /**
     * `starting`: no machine is training yet, or none between two attempts; `running`: the machine is up; `stopping`:
     * it will soon be down; `ended`: it is down and does not start by itself; `gone`: it does not exist.
     */
    phase: "starting" | "running" | "stopping" | "ended" | "gone";
    /** A predicate for a sentence about it, such as "is TERMINATED". */
    detail: string;
    /** The reason why it is still starting, if the engine gives one. */
    waitsFor?: string;
    /** Number of tasks that are running, if the engine runs several. */
    running?: number;
}

/** Those aspects of an engine's behaviour on which the waiter's decisions depend. */
export interface EngineTraits {
    /** True if it retries an interrupted attempt by itself, so that a run needs no waiter until the engine gives up. */
    retries: boolean;
    /** True if it can be started even if it does not exist. */
    recreates: boolean;
    /** Minutes without a change to status, log or heartbeat after which a claimed run counts as stalled. */
    silentMinutes: number;
    /** Minutes after which a run that a running machine has not claimed counts as stalled. */
    unclaimedMinutes: number;
}

/** The parts of messages that depend on the engine. */
export interface EngineMessages {
    /** Describes a start, such as "starting the VM iris-vm". */
    starting: string;
    /** The end of a sentence about a run that has no status and whose machine is down. */
    endedUnclaimed: string;
    /** The name of the engine's own log, such as "the VM's serial port". */
    logName: string;
    /** The command that shows that log. */
    logCommand: string;
    /** Advice for a run that shows no sign of life. */
    stallDetails: string[];
    /** The next step after a stall, depending on whether the machine is down. */
    stallNext: { down: string; up: string };
    /** The role that the user needs to watch and start the machine. */
    role: string;
    /** The price of another attempt, as a sentence to append to another one; `""` if the price is unknown. */
    nextCost: string;
    /** Advice after an interruption that leaves this number of attempts; `""` if the engine continues by itself. */
    interrupted(attemptsLeft: number): string;
    /** The failure for a run whose machine no longer exists. */
    gone: Failure;
    /** Instructions for logging in to the machine of a failed run. */
    debugLines(status: RunStatus, nowMs: number): string[];
}

/** The engine that trains one run: a VM, or a job of a service that starts VMs. */
export interface Engine {
    readonly traits: EngineTraits;
    readonly messages: EngineMessages;
    /** Its name in a sentence, such as "the VM iris-vm". */
    name(): string;
    state(): Promise<EngineState>;
    /**
     * Starts the next attempt, and returns once the engine has accepted it.
     * @param attemptsLeft the number of attempts, including this one, after which an interrupted run fails.
     * @throws a fatal error if the engine refuses, because another poll would not change that.
     */
    start(attemptsLeft: number): Promise<void>;
    /** Ends the attempt in progress, and waits until its machine is down. */
    cancel(): Promise<void>;
    /** The last lines of the engine's own log, which shows problems that the run could not report. */
    log(): Promise<string[]>;
}

/** True when the machine is down and will not start by itself. */
export function isDown({ phase }: EngineState): boolean {
    return phase === "ended" || phase === "gone";
}
