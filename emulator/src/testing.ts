import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { type Emulator, type EmulatorOptions, type InventoryItem, startEmulator } from ".";
import type { Principal } from "./http/types";

const PROJECT_ID = "demo-project";
/** The developer's token in every test emulator. */
const OPERATOR_TOKEN = "developer";
const DEFAULTS = { runtime: "process", operatorToken: OPERATOR_TOKEN } as const;
/** A service account without any grants. */
const STRANGER: Principal = { kind: "serviceAccount", email: `stranger@${PROJECT_ID}.iam.gserviceaccount.com` };

/** A response whose body has been read completely. */
export class Answer {
    readonly status: number;
    readonly headers: Headers;
    readonly text: string;

    constructor(status: number, headers: Headers, text: string) {
        this.status = status;
        this.headers = headers;
        this.text = text;
    }

    /** The JSON body, or undefined if there is none. */
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

/** Optional parts of a request. */
export interface Call {
    /** Sent as JSON unless it is a string or bytes. */
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
    /** Access token. Default: the developer's token. `null` sends none. */
    readonly token?: string | null;
}

/**
 * Starts an emulator in a temporary folder for a test.
 * @param options defaults to the process runtime and a free port
 */
export async function startTestEmulator(options: Partial<EmulatorOptions> = {}): Promise<TestEmulator> {
    return await TestEmulator.start(options);
}

/** Starts an emulator in a temporary folder with one empty bucket. Stopping the bucket stops the emulator. */
export async function startTestBucket(name = "test-bucket"): Promise<LoneBucket> {
    const emulator = await TestEmulator.start();
    try {
        await emulator.makeBucket(name);
        const endpoint = await emulator.endpointAs({ kind: "owner" });
        return new LoneBucket(emulator, name, endpoint, await emulator.endpointAs(STRANGER));
    } catch (error) {
        await emulator.stop();
        throw error;
    }
}

/** An emulator in a temporary folder, with helpers that call it as the developer. */
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
        try {
            return new TestEmulator(dataDir, await startEmulator({ dataDir, ...DEFAULTS, ...options }), options);
        } catch (error) {
            await rm(dataDir, { recursive: true, force: true });
            throw error;
        }
    }

    get url(): string {
        return this.#emulator.url;
    }

    get port(): number {
        return this.#emulator.port;
    }

    inventory(): Promise<InventoryItem[]> {
        return this.#emulator.inventory();
    }

    /**
     * Opens another address at which every request acts as this principal, regardless of its token. Google's clients
     * send no token when `STORAGE_EMULATOR_HOST` is set.
     */
    endpointAs(principal: Principal): Promise<string> {
        return this.#emulator.openEndpoint(principal);
    }

    /** Stops the emulator and starts another on the same data. */
    async restart(options: Partial<EmulatorOptions> = {}): Promise<void> {
        await this.#emulator.stop();
        this.#emulator = await startEmulator({
            dataDir: this.dataDir,
            ...DEFAULTS,
            ...this.#options,
            ...options,
        });
    }

    /** Stops the emulator and removes its data. */
    async stop(): Promise<void> {
        await this.#emulator.stop();
        await rm(this.dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    }

    /** @param target path with query, or an absolute URL */
    async call(
        method: string,
        target: string,
        { body, headers = {}, token = OPERATOR_TOKEN }: Call = {},
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

    /** Sends a request and returns the JSON body. @throws Error for a status of 400 or above */
    async ok(method: string, target: string, call: Call = {}): Promise<Record<string, unknown>> {
        const answer = await this.call(method, target, call);
        if (answer.status >= 400) {
            throw new Error(`${method} ${target}: HTTP ${answer.status} ${answer.text}`);
        }
        return (answer.json ?? {}) as Record<string, unknown>;
    }

    /** Creates a bucket with uniform bucket-level access. */
    async makeBucket(name: string, settings: object = {}, project = PROJECT_ID): Promise<TestBucket> {
        const iamConfiguration = { uniformBucketLevelAccess: { enabled: true } };
        const body = { name, location: "us-central1", iamConfiguration, ...settings };
        await this.ok("POST", `/storage/v1/b?project=${project}`, { body });
        return this.bucket(name);
    }

    /** Returns a handle to an existing bucket. */
    bucket(name: string): TestBucket {
        return new TestBucket(this, name);
    }

    /** Uploads with uploadType=media. */
    upload(bucket: string, name: string, content: string | Uint8Array, query = "", call: Call = {}): Promise<Answer> {
        const target = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}${query}`;
        const headers = { "content-type": "text/plain", ...call.headers };
        return this.call("POST", target, { ...call, body: content, headers });
    }

    objectPath(bucket: string, name: string, query = ""): string {
        return `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}${query}`;
    }
}

/** A bucket in a test emulator, accessed as the developer. */
export class TestBucket {
    readonly name: string;
    readonly emulator: TestEmulator;

    constructor(emulator: TestEmulator, name: string) {
        this.emulator = emulator;
        this.name = name;
    }

    async put(object: string, content: string | Uint8Array): Promise<void> {
        const headers = { "content-type": "text/csv" };
        const answer = await this.emulator.upload(this.name, object, content, "", { headers });
        if (answer.status !== 200) {
            throw new Error(`upload of ${object}: HTTP ${answer.status} ${answer.text}`);
        }
    }

    /** Uploads a file of any size. */
    async putFile(object: string, file: string): Promise<void> {
        const { size } = await stat(file);
        const query = `uploadType=media&name=${encodeURIComponent(object)}`;
        // The type definitions of fetch still lack `duplex`, which a streamed body requires.
        const init = {
            method: "POST",
            headers: {
                authorization: `Bearer ${OPERATOR_TOKEN}`,
                "content-type": "text/csv",
                "content-length": String(size),
            },
            body: Readable.toWeb(createReadStream(file)) as RequestInit["body"],
            duplex: "half",
        } as RequestInit;
        const response = await fetch(`${this.emulator.url}/upload/storage/v1/b/${this.name}/o?${query}`, init);
        if (!response.ok) {
            throw new Error(`upload of ${object}: HTTP ${response.status} ${await response.text()}`);
        }
    }

    /** The object's content as text, or undefined if the object does not exist. */
    async get(object: string): Promise<string | undefined> {
        return (await this.getBytes(object))?.toString("utf8");
    }

    /** The object's bytes, or undefined if the object does not exist. */
    async getBytes(object: string): Promise<Buffer | undefined> {
        const url = `${this.emulator.url}${this.emulator.objectPath(this.name, object, "?alt=media")}`;
        const response = await fetch(url, { headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } });
        return response.status === 404 ? undefined : Buffer.from(await response.arrayBuffer());
    }

    /** The object's size in bytes, or undefined if the object does not exist. */
    async sizeOf(object: string): Promise<number | undefined> {
        const answer = await this.emulator.call("GET", this.emulator.objectPath(this.name, object));
        return answer.status === 404 ? undefined : Number(answer.at("size"));
    }

    async remove(object: string): Promise<void> {
        await this.emulator.ok("DELETE", this.emulator.objectPath(this.name, object));
    }

    /** Names of all objects under a prefix, in order. */
    async list(prefix: string): Promise<string[]> {
        const target = `/storage/v1/b/${this.name}/o?prefix=${encodeURIComponent(prefix)}`;
        const { items = [] } = (await this.emulator.ok("GET", target)) as { items?: { name: string }[] };
        return items.map(({ name }) => name);
    }
}

/** The only bucket in an emulator, with addresses for clients that do not send a token. */
export class LoneBucket extends TestBucket {
    /** `STORAGE_EMULATOR_HOST` for a client that may do everything. */
    readonly endpoint: string;
    /** `STORAGE_EMULATOR_HOST` for a client that acts as a service account without any grants. */
    readonly strangerEndpoint: string;

    constructor(emulator: TestEmulator, name: string, endpoint: string, strangerEndpoint: string) {
        super(emulator, name);
        this.endpoint = endpoint;
        this.strangerEndpoint = strangerEndpoint;
    }

    /** The emulator's main address, which rejects clients without a token. */
    get anonymousEndpoint(): string {
        return this.emulator.url;
    }

    stop(): Promise<void> {
        return this.emulator.stop();
    }
}
