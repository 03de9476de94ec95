import { createHash } from "node:crypto";
import { type LoneBucket, startTestBucket } from "../../emulator/src/testing";
import { StorageError } from "../src/errors";
import { openStorage } from "../src/storage";

describe("openStorage", () => {
    let bucket: LoneBucket;
    const storage = () => {
        process.env.STORAGE_EMULATOR_HOST = bucket.endpoint;
        return openStorage();
    };
    const uri = (path: string) => ({ bucket: bucket.name, path });

    beforeAll(async () => {
        bucket = await startTestBucket();
    });

    afterAll(async () => {
        delete process.env.STORAGE_EMULATOR_HOST;
        await bucket.stop();
    });

    it("reads an object in chunks, and reports its size with the first one", async () => {
        const content = Buffer.alloc(1_000_003, "0123456789\n");
        await bucket.put("data/large.csv", content);
        const object = storage().read(uri("data/large.csv"));
        const hash = createHash("sha256");
        const sizes = new Set<number | undefined>();
        for await (const bytes of object) {
            hash.update(bytes);
            sizes.add(object.size);
        }
        expect([...sizes]).toEqual([content.length]);
        expect(hash.digest("hex")).toBe(createHash("sha256").update(content).digest("hex"));
    });

    it("reports the name of an object that cannot be read", async () => {
        const read = async () => {
            for await (const _ of storage().read(uri("data/none.csv"))) {
                throw new Error("There is no such object");
            }
        };
        await expect(read()).rejects.toThrow(StorageError);
        await expect(read()).rejects.toThrow(
            /^Cannot read gs:\/\/test-bucket\/data\/none.csv: the object does not exist/,
        );
    });

    it("writes text and bytes with their content type", async () => {
        await storage().create(uri("model/a.json"), '{"ä":1}\n', "application/json");
        await storage().create(uri("model/a.onnx"), Uint8Array.of(8, 10, 0x41), "application/octet-stream");
        expect(await bucket.get("model/a.json")).toBe('{"ä":1}\n');
        expect(await bucket.get("model/a.onnx")).toBe("\b\nA");
    });

    it("accepts a rewrite of the same content, but never overwrites different content", async () => {
        const create = (content: string | Uint8Array) => storage().create(uri("model/once"), content, "text/plain");
        await create("first");
        await create("first");
        await create(Buffer.from("first"));
        await expect(create("second")).rejects.toThrow(/has already written it with different content, which is kept/);
        expect(await bucket.get("model/once")).toBe("first");
    });
});
