import type { BucketClient, Clock } from "./clients";
import type { EngineState } from "./engine";
import { incompleteAnswer } from "./errors";
import { runLayout } from "./layout";
import { parseStatus, type RunStatus, renderStatus } from "./status";

/** A status and the generation at which it was read. */
export interface SeenStatus {
    status: RunStatus;
    generation: string;
}

/**
 * Reads the run's status.
 * @param known an earlier result, which is reused while its generation is still the live one.
 */
export async function readStatus(
    bucket: BucketClient,
    runId: string,
    known?: SeenStatus,
): Promise<SeenStatus | undefined> {
    const name = runLayout(runId).status;
    const uri = `gs://${bucket.bucket}/${name}`;
    for (let tries = 0; tries < 20; tries += 1) {
        const object = await bucket.stat(name);
        if (object === undefined) {
            return undefined;
        }
        if (object.generation === known?.generation) {
            return known;
        }
        const content = await bucket.read(object);
        if (content !== undefined) {
            const status = parseStatus(content.toString("utf8"), uri);
            if (status.runId !== runId) {
                throw new Error(
                    `${uri} must be the status of ${runId}; got the status of ${status.runId.slice(0, 100)}`,
                );
            }
            return { status, generation: object.generation };
        }
        // The object was overwritten between the two requests.
    }
    throw incompleteAnswer(`${uri} exists, but it cannot be read`);
}

/**
 * Replaces the status that was read, or does nothing if another writer got there first. A 412 can also be the response
 * to a retry after the response to a successful request was lost; in that case, the object is what this writer sent.
 * @returns the new status, or undefined if the run has changed in the meantime.
 */
export async function moveRun(
    bucket: BucketClient,
    clock: Clock,
    from: SeenStatus,
    change: Partial<RunStatus>,
): Promise<SeenStatus | undefined> {
    const name = runLayout(from.status.runId).status;
    const status = { ...from.status, ...change, updatedAt: new Date(clock.now()).toISOString() };
    const text = renderStatus(status);
    const generation = await bucket.write(name, text, from.generation);
    if (generation !== undefined) {
        return { status, generation };
    }
    const object = await bucket.stat(name);
    const content = object && (await bucket.read(object));
    return object && content?.toString("utf8") === text ? { status, generation: object.generation } : undefined;
}

/** Returns the status for a new attempt that a user starts, in which the number of interruptions is reset. */
export function nextAttempt(status: RunStatus): Partial<RunStatus> {
    return {
        state: "PENDING",
        attempt: status.attempt + 1,
        interruptions: 0,
        reported: false,
        bootId: null,
        exitCode: null,
        reason: null,
        startedAt: null,
        finishedAt: null,
    };
}

/**
 * Returns the final status of an attempt whose machine went down without recording the reason.
 * @param name the machine's name as it appears in a sentence, such as "the VM iris-vm".
 */
export function interrupted(name: string, { phase, detail }: EngineState): Partial<RunStatus> {
    return {
        state: "INTERRUPTED",
        reason:
            `${name.replace(/^t/, "T")} ${phase === "gone" ? "was deleted" : detail} and could not record why: it lost ` +
            "its network, was preempted or stopped abruptly, or crashed; run pulumi up to resume",
    };
}

/**
 * The number of attempts that a run has left, including the next one. The next boot counts the last interruption, and
 * gives up once there are `maxAttempts` of them.
 */
export function attemptsLeft({ state, interruptions }: RunStatus, maxAttempts: number): number {
    return maxAttempts - (state === "INTERRUPTED" ? interruptions + 1 : interruptions);
}

/**
 * Returns the final status of a run that was interrupted too often, with the same wording as in the boot script. The
 * update that writes this status also reports it.
 */
export function usedUp(status: RunStatus, maxAttempts: number, clock: Clock): Partial<RunStatus> {
    const interruptions = status.interruptions + 1;
    return {
        state: "FAILED",
        interruptions,
        reported: true,
        finishedAt: new Date(clock.now()).toISOString(),
        reason:
            `The run was interrupted ${interruptions} ${interruptions === 1 ? "time" : "times"}, and maxAttempts is ` +
            `${maxAttempts}; run pulumi up to start it again, with provisioning standard if preemptions continue`,
    };
}
