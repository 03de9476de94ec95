import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { sampleFile } from "../../infra/config/file-sample";

const SIZES = { head: 2000, blocks: 4, block: 400 };
const LINES = Array.from({ length: 1000 }, (_, number) => `${number},${randomBytes(8).toString("hex")}`);
const TEXT = `${LINES.join("\n")}\n`;

let folder: string;

beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "file-sample-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function sampleOf(content: string | Uint8Array, isNumbered = false, files = 1) {
    const file = path.join(folder, "data.csv");
    writeFileSync(file, content);
    const sample = await sampleFile(file, isNumbered, files, SIZES);
    const chunks: Uint8Array[] = [];
    for await (const chunk of sample) {
        chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    expect([undefined, bytes.length]).toContain(sample.size);
    return { bytes, isPartial: sample.isPartial };
}

/** Expects some of the lines, complete and in order, and returns how many there are. */
function expectLines(text: string): number {
    const lines = text.split(/\r|\n/).filter((line) => line !== "");
    const numbers = lines.map((line) => LINES.indexOf(line));
    expect(numbers).not.toContain(-1);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    return lines.length;
}

describe("sampleFile", () => {
    it("returns a small file unchanged", async () => {
        const small = TEXT.slice(0, 3000);
        expect(await sampleOf(small)).toEqual({ bytes: Buffer.from(small), isPartial: false });
    });

    it("returns complete lines from all parts of a large file", async () => {
        const { bytes, isPartial } = await sampleOf(TEXT);
        expect(isPartial).toBe(true);
        expect(expectLines(bytes.toString())).toBeGreaterThan(140);
        expect(bytes.toString().endsWith(`${LINES.at(-1)}\n`)).toBe(true);
    });

    it("keeps the number of every line on request", async () => {
        const lines = (await sampleOf(TEXT, true)).bytes.toString().split("\n");
        const found = [...lines.entries()].filter(([, line]) => line !== "");
        expect(found.every(([index, line]) => LINES[index] === line)).toBe(true);
        expect(found.at(-1)?.[0]).toBe(LINES.length - 1);
    });

    it("is smaller if several files share the limit", async () => {
        const [one, four] = [await sampleOf(TEXT), await sampleOf(TEXT, false, 4)];
        expect(four.bytes.length).toBeLessThan(one.bytes.length / 2);
        expect(expectLines(four.bytes.toString())).toBeGreaterThan(20);
    });

    it("contains only the beginning of a file whose cells contain line breaks", async () => {
        const rows = LINES.map((line) => `${line},"a\nb"\n`);
        const { bytes } = await sampleOf(rows.join(""));
        const text = bytes.toString();
        expect(text.length).toBeGreaterThan(1900);
        expect(rows.join("").startsWith(text)).toBe(true);
        expect(text.endsWith('"a\nb"\n')).toBe(true);
    });

    it("is not confused by quotes within cells", async () => {
        const { bytes } = await sampleOf(TEXT.replaceAll(/^(\d+),/gm, '5" pipe $1,'));
        expect(bytes.toString()).toContain(LINES.at(-1)?.split(",")[1]);
    });

    it.each([
        ["UTF-16, little-endian", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le"), "utf-16le"],
        ["UTF-16, big-endian", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le").swap16(), "utf-16be"],
        ["lines that end in CR", (text: string) => Buffer.from(text.replaceAll("\n", "\r")), "utf-8"],
    ])("contains complete lines of %s", async (_, encode, encoding) => {
        const { bytes } = await sampleOf(encode(TEXT));
        expect(expectLines(new TextDecoder(encoding).decode(bytes))).toBeGreaterThan(40);
    });

    it("unpacks the beginning of a compressed file", async () => {
        const { bytes, isPartial } = await sampleOf(gzipSync(TEXT));
        expect(isPartial).toBe(true);
        expect(expectLines(bytes.toString())).toBeGreaterThan(80);
    });
});
