import type { Readable } from "node:stream";
import { invalid } from "../http/errors";

/** The parts of a multipart/related upload: https://cloud.google.com/storage/docs/uploading-objects#rest-upload-objects */
export interface MultipartUpload {
    /** First part: the object's metadata as JSON text. */
    readonly metadata: Buffer;
    /** Content-Type of the second part; undefined if absent. */
    readonly contentType: string | undefined;
    /** Second part: the content as a stream, which must be read to its end. */
    readonly content: AsyncIterable<Buffer>;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_METADATA_BYTES = 1024 * 1024;

/**
 * Parses a multipart/related body (RFC 2387) of exactly two parts without holding the content in memory.
 *
 * @throws ApiError 400 for any other body
 */
export async function readMultipart(stream: Readable, contentTypeHeader: string | undefined): Promise<MultipartUpload> {
    const boundary = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentTypeHeader ?? "");
    if (boundary === null || !/^multipart\/related/i.test(contentTypeHeader ?? "")) {
        throw invalid(
            `A multipart upload needs "Content-Type: multipart/related; boundary=..."; got "${contentTypeHeader}".`,
        );
    }
    const reader = new DelimitedReader(stream);
    const delimiter = `--${boundary[1] ?? boundary[2]}`;
    await reader.readUntil(delimiter, MAX_HEADER_BYTES);
    await readHeaders(reader);
    const metadata = await reader.readUntil(`\r\n${delimiter}`, MAX_METADATA_BYTES);
    const headers = await readHeaders(reader);
    const contentType = /^content-type:\s*(.+?)\s*$/im.exec(headers)?.[1];
    return { metadata, contentType, content: reader.streamUntil(`\r\n${delimiter}--`) };
}

/** Parses the headers of a part, from its delimiter line to the empty line, which may follow immediately. */
async function readHeaders(reader: DelimitedReader): Promise<string> {
    await reader.readUntil("\r\n", MAX_HEADER_BYTES);
    let headers = "";
    for (;;) {
        const line = (await reader.readUntil("\r\n", MAX_HEADER_BYTES)).toString("latin1");
        if (line === "") {
            return headers;
        }
        headers += `${line}\r\n`;
    }
}

/** Splits a stream at delimiters. */
class DelimitedReader {
    readonly #source: AsyncIterator<Buffer>;
    #buffered: Buffer = Buffer.alloc(0);

    constructor(stream: Readable) {
        this.#source = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    }

    /** Returns the bytes before the delimiter and consumes the delimiter. */
    async readUntil(delimiter: string, maxBytes: number): Promise<Buffer> {
        const chunks: Buffer[] = [];
        let size = 0;
        for await (const chunk of this.streamUntil(delimiter)) {
            chunks.push(chunk);
            size += chunk.length;
            if (size > maxBytes) {
                throw invalid(
                    `A part of the multipart body is larger than ${maxBytes} bytes before ${JSON.stringify(delimiter)}.`,
                );
            }
        }
        return Buffer.concat(chunks);
    }

    /** Returns the bytes before the delimiter as a stream. */
    async *streamUntil(delimiter: string): AsyncGenerator<Buffer> {
        for (;;) {
            const found = this.#buffered.indexOf(delimiter, 0, "latin1");
            if (found >= 0) {
                const chunk = this.#buffered.subarray(0, found);
                this.#buffered = this.#buffered.subarray(found + delimiter.length);
                yield chunk;
                return;
            }
            // The last bytes may be the beginning of the delimiter.
            const safe = this.#buffered.length - (delimiter.length - 1);
            if (safe > 0) {
                const chunk = this.#buffered.subarray(0, safe);
                this.#buffered = this.#buffered.subarray(safe);
                yield chunk;
            }
            const next = await this.#source.next();
            if (next.done === true) {
                throw invalid(`The multipart body ends before ${JSON.stringify(delimiter)}.`);
            }
            this.#buffered = Buffer.concat([this.#buffered, next.value]);
        }
    }
}
