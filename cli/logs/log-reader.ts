import { StringDecoder } from "node:string_decoder";
import type { BucketClient } from "../../run/clients";
import { runLayout } from "../../run/layout";
import { planChunks, toLogChunks, visibleLine } from "../../run/log-chunks";

/**
 * Length beyond which an unfinished line is printed and the rest of it dropped, so that a trainer that never ends a
 * line cannot exhaust the memory.
 */
const MAX_HELD_CHARACTERS = 64 * 1024;

/** Prints every line of a run's log, attempt by attempt, as its chunks arrive in the bucket. */
export class LogReader {
    readonly #bucket: BucketClient;
    readonly #runId: string;
    readonly #print: (line: string) => void;
    #attempt = 0;
    #nextByte = 0;
    #lastName: string | undefined;
    #decoder = new StringDecoder("utf8");
    #held = "";
    /** True after the beginning of a long line has been printed, until that line ends. */
    #isCut = false;

    constructor(bucket: BucketClient, runId: string, print: (line: string) => void) {
        this.#bucket = bucket;
        this.#runId = runId;
        this.#print = print;
    }

    /**
     * Prints the new lines of all attempts up to and including this one; each attempt begins with a heading.
     *
     * @param isOver true if the attempt has ended and its log is therefore complete
     */
    async read(attempt: number, isOver: boolean): Promise<void> {
        for (let next = Math.max(1, this.#attempt); next <= attempt; next++) {
            if (next > this.#attempt) {
                this.#begin(next);
            }
            await this.#readAttempt(next < attempt || isOver);
        }
    }

    #begin(attempt: number): void {
        this.#attempt = attempt;
        this.#nextByte = 0;
        this.#lastName = undefined;
        this.#decoder = new StringDecoder("utf8");
        this.#held = "";
        this.#isCut = false;
        this.#print(`===== run ${this.#runId}, attempt ${attempt} =====`);
    }

    async #readAttempt(isOver: boolean): Promise<void> {
        // Earlier chunks are not listed again; the last one is, because it may have grown.
        const listed = await this.#bucket.list(runLayout(this.#runId).attemptLog(this.#attempt), this.#lastName);
        for (const { chunk, skipBytes, missingBytes } of planChunks(
            toLogChunks(this.#runId, listed),
            this.#nextByte,
            isOver,
        )) {
            const content = await this.#bucket.read(chunk.object);
            if (content === undefined) {
                // The chunk was overwritten after the listing; the next read finds the new one.
                break;
            }
            if (missingBytes > 0) {
                this.#endLine();
                this.#print(`[${missingBytes} bytes of the log are missing here]`);
            }
            this.#add(this.#decoder.write(content.subarray(skipBytes)));
            this.#nextByte = chunk.firstByte + content.length;
            this.#lastName = chunk.object.name;
        }
        if (isOver) {
            this.#endLine();
        }
    }

    #add(text: string): void {
        const lines = (this.#held + text).split("\n");
        this.#held = lines.pop() ?? "";
        for (const line of lines) {
            if (!this.#isCut) {
                this.#print(visibleLine(line));
            }
            this.#isCut = false;
        }
        if (this.#held.length > MAX_HELD_CHARACTERS) {
            if (!this.#isCut) {
                this.#print(visibleLine(this.#held));
            }
            // A progress bar rewrites its line repeatedly.
            this.#isCut = !this.#held.includes("\r");
            this.#held = "";
        }
    }

    /** Prints an unfinished line. */
    #endLine(): void {
        if (this.#held !== "" && !this.#isCut) {
            this.#print(visibleLine(this.#held));
        }
        this.#held = "";
        this.#isCut = false;
    }
}
