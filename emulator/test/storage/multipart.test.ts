import { Readable } from "node:stream";
import fc from "fast-check";
import { readMultipart } from "../../src/storage/multipart";

const HEADER = 'multipart/related; boundary="===b=="';

/** A multipart body as sent by Google's clients. */
function body(content: Buffer): Buffer {
    return Buffer.concat([
        Buffer.from(
            '--===b==\r\nContent-Type: application/json\r\n\r\n{"name":"x"}\r\n--===b==\r\ncontent-type: text/csv\r\n\r\n',
        ),
        content,
        Buffer.from("\r\n--===b==--"),
    ]);
}

/** Splits the bytes into chunks of the given sizes, repeated as needed. */
function cut(bytes: Buffer, sizes: readonly number[]): Readable {
    const pieces: Buffer[] = [];
    for (let start = 0, index = 0; start < bytes.length; index += 1) {
        const end = start + (sizes[index % sizes.length] ?? 1);
        pieces.push(bytes.subarray(start, end));
        start = end;
    }
    return Readable.from(pieces, { objectMode: true });
}

async function read(stream: Readable, header = HEADER) {
    const { metadata, contentType, content } = await readMultipart(stream, header);
    const chunks: Buffer[] = [];
    for await (const chunk of content) {
        chunks.push(chunk);
    }
    return { metadata: metadata.toString(), contentType, content: Buffer.concat(chunks) };
}

describe("a multipart upload", () => {
    it("yields the same content however it is chunked, even if the content resembles a boundary", async () => {
        const piece = fc.constantFrom("\r\n", "--===b", "==", "\r\n--===b==", "-", "text", "\r", "\n--");
        const content = fc.array(piece).map((pieces) => Buffer.from(pieces.join("").replaceAll("\r\n--===b==--", "")));
        const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
        await fc.assert(
            fc.asyncProperty(content, sizes, async (bytes, chunkSizes) => {
                fc.pre(
                    !bytes.includes("\r\n--===b==--") &&
                        !Buffer.concat([bytes, Buffer.from("\r\n--")]).includes("\r\n--===b==--"),
                );
                const found = await read(cut(body(bytes), chunkSizes));
                expect(found).toEqual({ metadata: '{"name":"x"}', contentType: "text/csv", content: bytes });
            }),
        );
    });

    it.each([
        ["no boundary", "multipart/related", "x"],
        ["another content type", "text/plain; boundary=b", "x"],
        ["no closing boundary", HEADER, "--===b==\r\n\r\n{}\r\n--===b==\r\n\r\ncontent"],
        ["only one part", HEADER, "--===b==\r\n\r\n{}\r\n--===b==--"],
    ])("is rejected with 400 if it has %s", async (_, header, text) => {
        await expect(read(Readable.from([Buffer.from(text)]), header)).rejects.toMatchObject({ code: 400 });
    });

    it("is rejected if its metadata never ends, without being buffered in memory", async () => {
        const endless = Readable.from(
            (function* () {
                yield Buffer.from("--===b==\r\n\r\n");
                for (let count = 0; count < 40; count += 1) {
                    yield Buffer.alloc(64 * 1024, "x");
                }
            })(),
        );
        await expect(read(endless)).rejects.toMatchObject({
            code: 400,
            message: expect.stringContaining("larger than"),
        });
    });
});
