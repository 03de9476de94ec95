/** Longest delay that `setTimeout` takes; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** A promise that somebody else fulfils. */
export interface Deferred<T = void> {
    readonly promise: Promise<T>;
    readonly resolve: (value: T) => void;
}

/** Makes a promise to be fulfilled later. */
export function deferred<T = void>(): Deferred<T> {
    let resolve: (value: T) => void = () => undefined;
    const promise = new Promise<T>((done) => {
        resolve = done;
    });
    return { promise, resolve };
}

/** Waits for an event, at most `timeoutMs` (`Infinity` for no limit), or for `stop`; tells which came first. */
export async function race(
    event: Promise<unknown>,
    timeoutMs: number,
    stop?: Promise<unknown>,
): Promise<"event" | "timeout" | "stop"> {
    let timer: NodeJS.Timeout | undefined;
    const contenders: Promise<"event" | "timeout" | "stop">[] = [event.then(() => "event" as const)];
    if (Number.isFinite(timeoutMs)) {
        contenders.push(
            new Promise((resolve) => {
                timer = setTimeout(() => resolve("timeout"), Math.min(timeoutMs, MAX_DELAY_MS));
            }),
        );
    }
    if (stop !== undefined) {
        contenders.push(stop.then(() => "stop" as const));
    }
    try {
        return await Promise.race(contenders);
    } finally {
        clearTimeout(timer);
    }
}
