import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../src";

/** One answer, read whole. */
export class Answer {
    readonly status: number;
    readonly headers: Headers;
    readonly text: string;

    constructor(status: number, headers: Headers, text: string) {
        this.status = status;
        this.headers = headers;
        this.text = text;
    }

    /** The JSON body; undefined without one. */
    get json(): unknown {
        const isJson = this.headers.get("content-type")?.startsWith("application/json") === true && this.text !== "";
        return isJson ? JSON.parse(this.text) : undefined;
    }

    /** A member of the JSON body, e.g. "error.errors.0.reason". */
    at(path: string): unknown {
        let value = this.json;
        for (const name of path.split(".")) {
            value = (value as Record<string, unknown> | undefined)?.[name];
        }
        return value;
    }
}

/** Parts of a request; the default token is the developer's. */
export interface Call {
    /** Sent as JSON unless it is text or bytes. */
    readonly body?: unknown;
    readonly headers?: Record<string, string>;
    /** Default: a developer's; `null` sends none. */
    readonly token?: string | null;
}

/** An emulator on a data folder of its own. */
export class TestEmulator {
    readonly dataDir: string;
    #emulator: Emulator;
    readonly #options: Partial<EmulatorOptions>;

    constructor(dataDir: string, emulator: Emulator, options: Partial<EmulatorOptions>) {
        this.dataDir = dataDir;
        this.#emulator = emulator;
        this.#options = options;
    }

    static async start(options: Partial<EmulatorOptions> = {}): Promise<TestEmulator> {
        const dataDir = await mkdtemp(path.join(tmpdir(), "emulator-test-"));
        return new TestEmulator(dataDir, await startEmulator({ dataDir, runtime: "process", ...options }), options);
    }

    get url(): string {
        return this.#emulator.url;
    }

    inventory() {
        return this.#emulator.inventory();
    }

    /** Stops it and starts another on the same folder. */
    async restart(): Promise<void> {
        await this.#emulator.stop();
        this.#emulator = await startEmulator({ dataDir: this.dataDir, runtime: "process", ...this.#options });
    }

    async stop(): Promise<void> {
        await this.#emulator.stop();
        await rm(this.dataDir, { recursive: true, force: true });
    }

    /** @param target path with query */
    async call(
        method: string,
        target: string,
        { body, headers = {}, token = "developer" }: Call = {},
    ): Promise<Answer> {
        const isRaw = body === undefined || typeof body === "string" || body instanceof Uint8Array;
        const response = await fetch(target.startsWith("http") ? target : this.url + target, {
            method,
            redirect: "manual",
            headers: {
                ...(token === null ? {} : { authorization: `Bearer ${token}` }),
                ...(isRaw ? {} : { "content-type": "application/json" }),
                ...headers,
            },
            ...(body === undefined ? {} : { body: isRaw ? (body as BodyInit) : JSON.stringify(body) }),
        });
        return new Answer(response.status, response.headers, await response.text());
    }

    /** Makes a bucket with uniform access, as the stack's. */
    async makeBucket(name: string, settings: object = {}, project = "demo-project"): Promise<void> {
        const iamConfiguration = { uniformBucketLevelAccess: { enabled: true } };
        const body = { name, location: "us-central1", iamConfiguration, ...settings };
        const answer = await this.call("POST", `/storage/v1/b?project=${project}`, { body });
        if (answer.status !== 200) {
            throw new Error(`bucket ${name}: ${answer.text}`);
        }
    }

    /** Uploads by uploadType=media. */
    upload(bucket: string, name: string, content: string | Uint8Array, query = "", call: Call = {}): Promise<Answer> {
        const target = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}${query}`;
        const headers = { "content-type": "text/plain", ...call.headers };
        return this.call("POST", target, { ...call, body: content, headers });
    }

    /** Path of an object. */
    objectPath(bucket: string, name: string, query = ""): string {
        return `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}${query}`;
    }
}
