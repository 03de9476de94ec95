/** Longest delay that `setTimeout` accepts; a longer one would fire immediately. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** A promise with its resolve function. */
export interface Deferred<T = void> {
    readonly promise: Promise<T>;
    readonly resolve: (value: T) => void;
}

/** Creates a promise to be fulfilled later. */
export function deferred<T = void>(): Deferred<T> {
    let resolve: (value: T) => void = () => undefined;
    const promise = new Promise<T>((done) => {
        resolve = done;
    });
    return { promise, resolve };
}

/** Waits for an event, `stop` or the timeout (`Infinity` for no limit), and returns whichever comes first. */
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
