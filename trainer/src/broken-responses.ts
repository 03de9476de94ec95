import { channel, subscribe } from "node:diagnostics_channel";
import { finished, type Readable, type Writable } from "node:stream";

/**
 * Turns a connection that closes in the middle of a response into an error for the reader of that response. Google's
 * clients read responses through a pipe (node-fetch 2), which does not forward that error, so they would wait forever.
 * Calling this function again has no effect.
 */
export function detectBrokenResponses(): void {
    const name = "http.client.response.finish";
    const mark = Symbol.for("gcp-trainer.detectBrokenResponses");
    // A process may load this module more than once, but there is only one channel.
    if (Reflect.get(channel(name), mark) !== true) {
        subscribe(name, (message) => forwardErrors((message as { response: Readable }).response));
        Reflect.set(channel(name), mark, true);
    }
}

/** Forwards a stream's error to everything that it is piped to, directly or through other streams. */
function forwardErrors(source: Readable): void {
    const pipe = source.pipe;
    source.pipe = <T extends NodeJS.WritableStream>(target: T, options?: { end?: boolean }): T => {
        // Google's clients already add as many listeners as Node.js allows without a warning.
        source.setMaxListeners(source.getMaxListeners() + 1);
        finished(source, { writable: false }, (error) => {
            if (error) {
                (target as unknown as Writable).destroy(error);
            }
        });
        if ("pipe" in target) {
            forwardErrors(target as unknown as Readable);
        }
        return pipe.call(source, target, options) as T;
    };
}
