import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { CRC32C } from "@google-cloud/storage";
import type { BucketClient, Clock, DownloadOptions, ObjectVersion, StoredObject, VmClient } from "../../run/clients";
import { runLayout } from "../../run/layout";
import { type RunStatus, renderStatus } from "../../run/status";

export const runId = "r-0123456789";

/** A clock that advances only in `sleep`, which runs the actions scheduled with `at`. */
export class FakeClock implements Clock {
    #time = Date.parse("2026-01-01T00:00:00Z");
    readonly #start = this.#time;
    readonly #plan: { at: number; action: () => void }[] = [];
    readonly sleeps: number[] = [];

    now(): number {
        return this.#time;
    }

    /** Schedules an action this many milliseconds after the clock's start. */
    at(milliseconds: number, action: () => void): void {
        this.#plan.push({ at: this.#start + milliseconds, action });
        this.#plan.sort((a, b) => a.at - b.at);
    }

    async sleep(milliseconds: number): Promise<void> {
        this.sleeps.push(milliseconds);
        if (this.sleeps.length > 20_000) {
            throw new Error("the waiter never ends");
        }
        const until = this.#time + milliseconds;
        for (let next = this.#plan[0]; next && next.at <= until; next = this.#plan[0]) {
            this.#plan.shift();
            this.#time = next.at;
            next.action();
        }
        this.#time = until;
    }
}

/** An in-memory bucket. */
export class FakeBucket implements BucketClient {
    readonly bucket = "demo-bucket";
    readonly #objects = new Map<string, { content: Buffer; stored: StoredObject }>();
    #nextGeneration = 1;
    /** Called before each operation. It can throw, or change the bucket as another writer would. */
    before: (operation: keyof BucketClient, name: string) => void = () => undefined;
    readonly downloads: string[] = [];
    readonly writes: string[] = [];

    put(name: string, content: string | Buffer, createdAt = "2026-01-01T00:00:00.000Z"): StoredObject {
        const bytes = Buffer.from(content);
        const crc32c = new CRC32C();
        crc32c.update(bytes);
        const stored = {
            name,
            sizeBytes: bytes.length,
            generation: String(this.#nextGeneration++),
            crc32c: crc32c.toString(),
            md5Hash: createHash("md5").update(bytes).digest("base64"),
            createdAt,
        };
        this.#objects.set(name, { content: bytes, stored });
        return stored;
    }

    remove(name: string): void {
        this.#objects.delete(name);
    }

    text(name: string): string | undefined {
        return this.#objects.get(name)?.content.toString("utf8");
    }

    async stat(name: string): Promise<StoredObject | undefined> {
        this.before("stat", name);
        return this.#objects.get(name)?.stored;
    }

    async read({ name, generation }: ObjectVersion): Promise<Buffer | undefined> {
        this.before("read", name);
        const object = this.#objects.get(name);
        return object?.stored.generation === generation ? object.content : undefined;
    }

    async write(
        name: string,
        content: string,
        ifGeneration: string,
        metadata: Record<string, string> = {},
    ): Promise<string | undefined> {
        this.before("write", name);
        if ((this.#objects.get(name)?.stored.generation ?? "0") !== ifGeneration) {
            return undefined;
        }
        this.writes.push(name);
        const stored = this.put(name, content);
        Object.assign(stored, metadata);
        return stored.generation;
    }

    async upload(path: string, name: string, ifGeneration: string): Promise<string | undefined> {
        this.before("upload", name);
        return this.write(name, readFileSync(path, "utf8"), ifGeneration);
    }

    async list(prefix: string, startOffset = ""): Promise<StoredObject[]> {
        this.before("list", prefix);
        return [...this.#objects.values()]
            .map(({ stored }) => stored)
            .filter(({ name }) => name.startsWith(prefix) && name >= startOffset)
            .sort((a, b) => (a.name < b.name ? -1 : 1));
    }

    async copy({ name }: ObjectVersion, target: string): Promise<void> {
        this.before("copy", name);
        this.put(target, this.#objects.get(name)?.content ?? "");
    }

    async folders(prefix: string): Promise<string[]> {
        this.before("folders", prefix);
        const names = [...this.#objects.keys()].filter((name) => name.startsWith(prefix));
        return [...new Set(names.map((name) => name.slice(prefix.length).split("/")[0] ?? ""))].sort();
    }

    async download(object: ObjectVersion, path: string, { onBytes }: DownloadOptions = {}): Promise<void> {
        const { name } = object;
        this.before("download", name);
        const content = await this.read(object);
        if (content === undefined) {
            throw Object.assign(new Error(`No such object: ${name}`), { code: 404 });
        }
        await writeFile(path, content, { flag: "wx" });
        onBytes?.(content.length);
        this.downloads.push(name);
    }
}

/** An in-memory VM. */
export class FakeVm implements VmClient {
    state: string | undefined = "RUNNING";
    readonly calls: string[] = [];
    serial = "";
    onStart: () => void = () => undefined;

    async status(): Promise<string | undefined> {
        return this.state;
    }

    async start(): Promise<void> {
        this.calls.push("start");
        this.state = "RUNNING";
        this.onStart();
    }

    async stop(): Promise<void> {
        this.calls.push("stop");
        this.state = "TERMINATED";
    }

    async serialOutput(): Promise<string> {
        return this.serial;
    }
}

/** A status like the ones that the boot script writes. */
export function statusOf(change: Partial<RunStatus>): RunStatus {
    return {
        schema: 1,
        runId,
        state: "RUNNING",
        attempt: 1,
        interruptions: 0,
        reported: false,
        bootId: "0badc0de",
        exitCode: null,
        reason: null,
        startedAt: "2026-01-01T00:00:00Z",
        updatedAt: "2026-01-01T00:00:00Z",
        finishedAt: null,
        ...change,
    };
}

export const statusObject = runLayout(runId).status;

/** Writes a status to the bucket, as the VM would. */
export function putStatus(bucket: FakeBucket, change: Partial<RunStatus>): void {
    bucket.put(statusObject, renderStatus(statusOf(change)));
}

/** Writes a chunk of an attempt's log. */
export function putLog(bucket: FakeBucket, attempt: number, firstByte: number, content: string | Buffer): void {
    bucket.put(runLayout(runId).logChunk(attempt, firstByte), content);
}

/** An error like the ones that Google's clients throw. */
export function httpError(code: number, message: string): Error {
    return Object.assign(new Error(message), { code });
}
