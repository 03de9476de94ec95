import type { File } from "@google-cloud/storage";
import type { Clock, ObjectVersion, Patience } from "./clients";
import { classifyError, incompleteAnswer } from "./errors";
import { pausesMs } from "./tries";

/** The destination for an object's bytes. */
export interface Sink {
    write(chunk: Buffer): Promise<void>;
    /** Discards every byte received so far. */
    restart(): Promise<void>;
}

/** Number of milliseconds without any data after which a download is resumed on another connection. */
const idleMs = 20_000;

/**
 * Downloads the bytes of one generation exactly as stored, never decompressed, and verifies their size and CRC32C. An
 * interrupted download is resumed where it stopped; one that fails verification is restarted, at most twice.
 * @throws if the object no longer exists, or if it still fails verification.
 */
export async function downloadTo(
    sink: Sink,
    file: File,
    object: ObjectVersion,
    clock: Clock,
    patience?: Patience,
): Promise<void> {
    for (let damaged = 0; ; damaged += 1) {
        try {
            for await (const chunk of objectChunks(file, object, clock, patience)) {
                await sink.write(chunk);
            }
            return;
        } catch (error) {
            if (!isDamage(error) || damaged === 2) {
                throw error;
            }
            await clock.sleep(pausesMs[damaged] ?? 0);
            await sink.restart();
        }
    }
}

/**
 * Yields the stored bytes of one generation, and resumes an interrupted download.
 * @throws at the end if the bytes fail verification.
 */
export async function* objectChunks(
    file: File,
    object: ObjectVersion,
    clock: Clock,
    patience?: Patience,
): AsyncGenerator<Buffer, void> {
    const { CRC32C } = require("@google-cloud/storage") as typeof import("@google-cloud/storage");
    const { name, sizeBytes, crc32c } = object;
    const checksum = new CRC32C();
    let offset = 0;
    let failures = 0;
    let refusals = 0;
    let progressMs = clock.now();
    for (let isWhole = false; !isWhole; ) {
        const before = offset;
        try {
            for await (const chunk of rangeChunks(file, offset)) {
                if (offset + chunk.length > sizeBytes) {
                    throw damage(name, `it is larger than ${sizeBytes} bytes`);
                }
                checksum.update(chunk);
                offset += chunk.length;
                yield chunk;
            }
            isWhole = offset === sizeBytes;
            if (!isWhole) {
                throw incompleteAnswer(`The download of ${name} ended after ${offset} of ${sizeBytes} bytes`);
            }
        } catch (error) {
            if (offset > before) {
                [failures, progressMs] = [0, clock.now()];
            }
            const isPatient = patience !== undefined && clock.now() - progressMs < patience.windowMs;
            const pauseMs = pausesMs[failures] ?? (isPatient ? pausesMs.at(-1) : undefined);
            const kind = classifyError(error);
            refusals = kind === "expired" ? refusals + 1 : 0;
            const isOpen = kind === "transient" || (patience !== undefined && refusals > 0 && refusals < 3);
            if (pauseMs === undefined || isDamage(error) || !isOpen) {
                throw error;
            }
            failures += 1;
            patience?.onFailure(error);
            await clock.sleep(pauseMs);
        }
    }
    if (crc32c && checksum.toString() !== crc32c) {
        throw damage(name, `its CRC32C is ${checksum.toString()} instead of ${crc32c}`);
    }
}

async function* rangeChunks(file: File, offset: number): AsyncGenerator<Buffer, void> {
    // If the client itself retries this request, the process ends (Node.js 24, googleapis/google-cloud-node#8670).
    file.interceptors = [{ request: (options) => Object.assign(options as never, { maxRetries: 0 }) }];
    const source = file.createReadStream({
        decompress: false,
        validation: false,
        ...(offset > 0 ? { start: offset } : {}),
    });
    let problem: string | undefined;
    source.on("response", (response: { statusCode: number; headers: Record<string, string | undefined> }) => {
        const range = response.headers["content-range"] ?? "";
        if (offset > 0 && (response.statusCode !== 206 || !range.startsWith(`bytes ${offset}-`))) {
            problem = `status ${response.statusCode} ${range}`;
        }
    });
    const stop = () => source.destroy(incompleteAnswer(`The download of ${file.name} has stalled`));
    let timer = setTimeout(stop, idleMs);
    try {
        for await (const chunk of source) {
            clearTimeout(timer);
            if (problem !== undefined) {
                throw incompleteAnswer(`The request for ${file.name} from byte ${offset} returned ${problem}`);
            }
            yield chunk as Buffer;
            timer = setTimeout(stop, idleMs);
        }
    } finally {
        clearTimeout(timer);
        source.destroy();
    }
}

/** The error for bytes that differ from the object's. It is transient, because another download may be correct. */
function damage(name: string, what: string): Error {
    return Object.assign(incompleteAnswer(`The download of ${name} failed verification: ${what}`), { isDamage: true });
}

function isDamage(error: unknown): boolean {
    return error instanceof Error && "isDamage" in error;
}
