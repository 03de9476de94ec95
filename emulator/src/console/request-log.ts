/** One request, as the console shows it. */
export interface LoggedRequest {
    readonly time: Date;
    readonly method: string;
    readonly target: string;
    readonly status: number;
    readonly milliseconds: number;
    /** The endpoint of the request: "" for the main port, otherwise the name of the VM. */
    readonly endpoint: string;
}

const MAX_REQUESTS = 200;

/** The most recent requests to the emulator, newest first. */
export class RequestLog {
    readonly #requests: LoggedRequest[] = [];

    /** @param line `METHOD target status N ms`, as ApiServer logs it */
    add(line: string, endpoint = ""): void {
        const match = /^(\S+) (\S+) (\d+) (\d+) ms$/.exec(line);
        if (match === null || match[2] === "/" || match[2]?.startsWith("/console/") === true) {
            // The console's own requests would crowd out all others.
            return;
        }
        const [, method = "", target = "", status, milliseconds] = match;
        this.#requests.unshift({
            time: new Date(),
            method,
            target,
            status: Number(status),
            milliseconds: Number(milliseconds),
            endpoint,
        });
        this.#requests.length = Math.min(this.#requests.length, MAX_REQUESTS);
    }

    recent(): readonly LoggedRequest[] {
        return this.#requests;
    }
}
