import type { finished, Readable, Writable } from "node:stream";

/**
 * Reports an error to a response's reader if the connection closes in the middle of the response. Google's clients read
 * responses through a pipe (node-fetch 2), which does not forward that error, so they would wait forever.
 * Calling this function again has no effect.
 */
export function detectBrokenResponses(): void {
    const { channel, subscribe } = require("node:diagnostics_channel") as typeof import("node:diagnostics_channel");
    const { finished } = require("node:stream") as typeof import("node:stream");
    const name = "http.client.response.finish";
    const mark = Symbol.for("gcp-trainer.detectBrokenResponses");
    // A process may load this module more than once, but there is only one channel.
    if (Reflect.get(channel(name), mark) !== true) {
        subscribe(name, (message) => forwardErrors((message as { response: Readable }).response, finished));
        Reflect.set(channel(name), mark, true);
    }
}

/** Forwards the error of a stream to everything that it is piped to, directly or through other streams. */
function forwardErrors(source: Readable, onEnd: typeof finished): void {
    const pipe = source.pipe;
    source.pipe = <T extends NodeJS.WritableStream>(target: T, options?: { end?: boolean }): T => {
        // Google's clients already add as many listeners as Node.js allows without a warning.
        source.setMaxListeners(source.getMaxListeners() + 1);
        onEnd(source, { writable: false }, (error) => {
            if (error) {
                (target as unknown as Writable).destroy(error);
            }
        });
        if ("pipe" in target) {
            forwardErrors(target as unknown as Readable, onEnd);
        }
        return pipe.call(source, target, options) as T;
    };
}
