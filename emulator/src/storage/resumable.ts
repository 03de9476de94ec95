import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { invalid, notFound } from "../http/errors";
import type { Principal } from "../http/types";
import type { Collection, DocumentStore } from "../store/documents";
import type { BlobStore, BlobWriter } from "./blobs";
import { type ClaimedHashes, combineHashes } from "./claimed-hashes";
import type { StoredObject } from "./object-index";
import type { NewObject, ObjectService } from "./objects";

/** A resumable upload as stored. It survives a restart of the emulator. */
interface Session {
    readonly id: string;
    readonly target: NewObject;
    readonly principal: Principal;
    readonly blobId: string;
    readonly createdAt: string;
    /** The object, once the upload is complete. */
    readonly finished?: StoredObject;
}

/** The state of an upload after a request. */
export type UploadProgress =
    | { readonly done: true; readonly object: StoredObject }
    | { readonly done: false /** Number of bytes that need not be sent again. */; readonly received: number };

/** The parsed `Content-Range` from an upload request. */
export interface UploadRange {
    /** Position of the first byte of the body; undefined without a body (`bytes *\/...`). */
    readonly start?: number;
    /** Position of the last byte, inclusive; undefined if the client does not yet know the length of the body. */
    readonly end?: number;
    /** Size of the whole object; undefined if not yet known (`*`). */
    readonly total?: number;
}

/** Cloud Storage keeps an unfinished upload in multiples of this size, and chunk sizes must be multiples of it too. */
export const CHUNK_QUANTUM_BYTES = 256 * 1024;
/** https://cloud.google.com/storage/docs/resumable-uploads#session-uris */
const SESSION_LIFETIME_MS = 7 * 24 * 3600 * 1000;

/** Resumable uploads: https://cloud.google.com/storage/docs/performing-resumable-uploads */
export class ResumableUploads {
    readonly #sessions: Collection<Session>;
    readonly #writers = new Map<string, BlobWriter>();
    /** The current request in each session. */
    readonly #receiving = new Map<string, { readonly body: Readable; readonly ended: Promise<unknown> }>();

    readonly #blobs: BlobStore;
    readonly #objects: ObjectService;

    constructor(documents: DocumentStore, blobs: BlobStore, objects: ObjectService) {
        this.#blobs = blobs;
        this.#objects = objects;

        this.#sessions = documents.collection("resumable-uploads");
    }

    /**
     * Begins a session. The upload is checked now and at its end, but its preconditions only at the end, as on Google
     * Cloud: https://github.com/googleapis/google-cloud-java/issues/201
     */
    async start(principal: Principal, target: NewObject): Promise<string> {
        this.#objects.checkUpload(principal, { ...target, preconditions: {} });
        const id = randomUUID();
        const writer = await this.#blobs.create();
        this.#writers.set(id, writer);
        await this.#sessions.put(id, { id, target, principal, blobId: writer.id, createdAt: new Date().toISOString() });
        return id;
    }

    /** Returns a session's progress. */
    async progress(id: string): Promise<UploadProgress> {
        const session = this.#get(id);
        if (session.finished !== undefined) {
            return { done: true, object: session.finished };
        }
        return { done: false, received: (await this.#writer(session)).size };
    }

    /**
     * Receives the body of one request.
     *
     * Bytes that were already received are skipped. If the connection breaks or more requests follow, the bytes beyond
     * the last multiple of 256 KiB are dropped and must be sent again.
     *
     * @param hashes hashes of the whole content; verified if this request completes the upload
     * @throws ApiError 400 for a gap, a wrong size or a wrong hash, 404 for an unknown session
     */
    async receive(id: string, range: UploadRange, body: Readable, hashes: ClaimedHashes = {}): Promise<UploadProgress> {
        // A client that lost its connection may reconnect before the server notices the loss, so the newer request
        // wins.
        const earlier = this.#receiving.get(id);
        earlier?.body.destroy();
        const ended = Promise.allSettled([earlier?.ended]).then(() => this.#append(this.#get(id), range, body, hashes));
        const current = { body, ended };
        this.#receiving.set(id, current);
        try {
            return await ended;
        } finally {
            if (this.#receiving.get(id) === current) {
                this.#receiving.delete(id);
            }
        }
    }

    /** Cancels a session and deletes the received bytes. */
    async cancel(id: string): Promise<void> {
        const session = this.#get(id);
        await this.#forget(session);
        if (session.finished === undefined) {
            await this.#blobs.delete(session.blobId);
        }
    }

    /** Returns the blob ids of unfinished uploads, after deleting sessions older than a week. */
    async usedBlobs(now = Date.now()): Promise<string[]> {
        for (const session of this.#sessions.values()) {
            if (now - Date.parse(session.createdAt) > SESSION_LIFETIME_MS) {
                await this.#forget(session);
            }
        }
        return this.#sessions.values().flatMap(({ blobId, finished }) => (finished === undefined ? [blobId] : []));
    }

    /** Closes open files. */
    async stop(): Promise<void> {
        await Promise.all([...this.#writers.values()].map((writer) => writer.close()));
        this.#writers.clear();
    }

    async #append(
        session: Session,
        range: UploadRange,
        body: Readable,
        hashes: ClaimedHashes,
    ): Promise<UploadProgress> {
        if (session.finished !== undefined) {
            return { done: true, object: session.finished };
        }
        const writer = await this.#writer(session);
        const start = range.start ?? 0;
        if (start > writer.size) {
            throw invalid(
                `Invalid request: the chunk begins at byte ${start}, but only ${writer.size} bytes have been received.`,
            );
        }
        let skip = writer.size - start;
        let pending = Buffer.alloc(0);
        for await (const chunk of body as AsyncIterable<Buffer>) {
            const fresh = chunk.subarray(Math.min(skip, chunk.length));
            skip -= chunk.length - fresh.length;
            pending = Buffer.concat([pending, fresh]);
            const whole = pending.length - (pending.length % CHUNK_QUANTUM_BYTES);
            if (whole > 0) {
                await writer.write(pending.subarray(0, whole));
                pending = pending.subarray(whole);
            }
        }
        const received = writer.size + pending.length;
        const announced = range.end === undefined ? undefined : range.end + 1;
        if (announced !== undefined && received !== Math.max(announced, writer.size)) {
            throw invalid(
                `Content-Range announced bytes ${start}-${range.end}, but the body ended at byte ${received - 1}.`,
            );
        }
        if (range.total !== undefined && received > range.total) {
            throw invalid(`Content-Range announced ${range.total} bytes in total, but ${received} were sent.`);
        }
        // If neither a total nor an end was announced ("bytes 0-*/*", or no header), the object ends where the body
        // ends.
        const isComplete = range.total === undefined ? range.end === undefined : received === range.total;
        if (!isComplete) {
            return { done: false, received: writer.size };
        }
        const target = { ...session.target, ...combineHashes(session.target, hashes) };
        await writer.write(pending);
        return { done: true, object: await this.#finish(session, target, writer) };
    }

    async #finish(session: Session, target: NewObject, writer: BlobWriter): Promise<StoredObject> {
        this.#writers.delete(session.id);
        const blob = await writer.finish();
        try {
            const object = await this.#objects.commit(session.principal, target, blob);
            await this.#sessions.put(session.id, { ...session, finished: object });
            return object;
        } catch (error) {
            await this.#forget(session);
            throw error;
        }
    }

    #get(id: string): Session {
        const session = this.#sessions.get(id);
        if (session === undefined) {
            throw notFound(`No resumable upload with id "${id}": it was never started, was cancelled or has failed.`);
        }
        return session;
    }

    async #writer(session: Session): Promise<BlobWriter> {
        let writer = this.#writers.get(session.id);
        if (writer === undefined) {
            writer = await this.#blobs.reopen(session.blobId);
            this.#writers.set(session.id, writer);
        }
        return writer;
    }

    async #forget(session: Session): Promise<void> {
        const writer = this.#writers.get(session.id);
        this.#writers.delete(session.id);
        await writer?.close();
        await this.#sessions.delete(session.id);
    }
}

/**
 * Parses `Content-Range`: `bytes 0-524287/*`, `bytes 524288-600000/600001`, `bytes *\/*`, `bytes *\/600001`, and the
 * Node.js client's `bytes 0-*\/*` for a stream of unknown length.
 *
 * @returns undefined if the header is absent
 * @throws ApiError 400
 */
export function parseContentRange(header: string | undefined): UploadRange | undefined {
    if (header === undefined) {
        return undefined;
    }
    const match = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(header.trim());
    const [, start, end, total] = match ?? [];
    if (match === null || (start !== undefined && Number(end) < Number(start))) {
        throw invalid(`Failed to parse Content-Range header "${header}".`, "Content-Range");
    }
    return {
        ...(start === undefined ? {} : { start: Number(start) }),
        ...(end === undefined || end === "*" ? {} : { end: Number(end) }),
        ...(total === undefined || total === "*" ? {} : { total: Number(total) }),
    };
}
