import type { TestEmulator } from "../../../src/testing";

export const PROJECT_ID = "demo-project";
export const REGION = "us-central1";
export const ZONE = "us-central1-a";

/** Makes the calls of a walkthrough, and fails on the first unexpected response. */
export class Walker {
    readonly #emulator: TestEmulator;
    /** Address of the recorder. */
    readonly #url: string;

    constructor(
        emulator: TestEmulator,

        url: string,
    ) {
        this.#emulator = emulator;
        this.#url = url;
    }

    /** Makes a call that must succeed. Returns the response JSON, or `{}` for an empty response. */
    async ok(method: string, target: string, body?: unknown, headers?: Record<string, string>): Promise<Json> {
        const answer = await this.send(method, target, body, headers);
        if (answer.status >= 400) {
            throw new Error(`${method} ${target} returned ${answer.status}: ${answer.text}`);
        }
        return (answer.json ?? {}) as Json;
    }

    /** Makes a call that must fail with this status. */
    async fails(status: number, method: string, target: string, body?: unknown): Promise<void> {
        const answer = await this.send(method, target, body);
        if (answer.status !== status) {
            throw new Error(`${method} ${target} returned ${answer.status} instead of ${status}: ${answer.text}`);
        }
    }

    /** Makes a call and returns the response, whatever its status. */
    send(method: string, target: string, body?: unknown, headers: Record<string, string> = {}) {
        const url = target.startsWith("http") ? target : this.#url + target;
        return this.#emulator.call(method, url, { headers, ...(body === undefined ? {} : { body }) });
    }
}

/** The parts of a response that a walkthrough reads. */
export interface Json {
    readonly [name: string]: unknown;
}
