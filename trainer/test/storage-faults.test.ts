import { type FaultProxy, startFaultProxy } from "../../emulator/src/faults/proxy";
import { FaultPlan, parseFaultRule } from "../../emulator/src/faults/rule";
import { type LoneBucket, startTestBucket } from "../../emulator/src/testing";
import { DataError } from "../lib/errors";
import { readIntact } from "../src/download";
import { DamagedError, StorageError } from "../src/errors";
import { openStorage } from "../src/storage";

const CONTENT = Buffer.alloc(600_001, "0123456789abc\n");

describe("openStorage on a connection that breaks", () => {
    let bucket: LoneBucket;
    let proxy: FaultProxy | undefined;
    let plan: FaultPlan;
    // A download may pause for a third of this time; on a busy machine, pauses can last several seconds.
    let retrySeconds: number;
    const uri = (path: string) => ({ bucket: bucket.name, path });

    async function storage(...rules: string[]) {
        plan = new FaultPlan(rules.map(parseFaultRule));
        proxy = await startFaultProxy({ plan, targetPort: Number(new URL(bucket.endpoint).port), side: "vm" });
        process.env.STORAGE_EMULATOR_HOST = `http://127.0.0.1:${proxy.port}`;
        return openStorage(retrySeconds);
    }

    async function readAll(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
        const chunks: Uint8Array[] = [];
        for await (const chunk of content) {
            chunks.push(chunk);
        }
        return Buffer.concat(chunks);
    }

    beforeAll(async () => {
        bucket = await startTestBucket();
        await bucket.put("data/a.csv", CONTENT);
        await bucket.put("data/empty.csv", "");
    });

    beforeEach(() => {
        retrySeconds = 45;
    });

    afterEach(() => proxy?.stop());

    afterAll(async () => {
        delete process.env.STORAGE_EMULATOR_HOST;
        await bucket.stop();
    });

    it.each(["half-body", "truncated-body", "empty-body", "html", "reset-before", "reset-after", "status"])(
        "reads the whole object after two faults of kind %s",
        async (kind) => {
            const store = await storage(`kind=${kind},count=2`);
            expect((await readAll(store.read(uri("data/a.csv")))).equals(CONTENT)).toBe(true);
            expect(plan.hits).toHaveLength(2);
        },
    );

    it("retries a download and an upload if their credentials are rejected once, but not twice", async () => {
        const once = await storage("kind=status,status=401", "kind=status,status=401,method=POST");
        expect((await readAll(once.read(uri("data/a.csv")))).equals(CONTENT)).toBe(true);
        await once.create(uri("model/unauthorized-once"), "a", "text/plain");
        expect(await bucket.get("model/unauthorized-once")).toBe("a");
        expect(plan.hits).toHaveLength(2);
        await proxy?.stop();
        const always = await storage("kind=status,status=401,count=all");
        await expect(readAll(always.read(uri("data/a.csv")))).rejects.toThrow(/no valid credentials/);
        await expect(always.create(uri("model/never"), "a", "text/plain")).rejects.toThrow(/no valid credentials/);
    });

    it("continues where the content broke off, in the same generation", async () => {
        const store = await storage("kind=truncated-body");
        const content = store.read(uri("data/a.csv"));
        await readAll(content);
        expect(content.size).toBe(CONTENT.length);
        await expect(readAll(store.read(uri("data/empty.csv")))).resolves.toHaveLength(0);
    });

    it("does not mix two generations when the object is overwritten during the download", async () => {
        await bucket.put("data/changing.csv", CONTENT);
        const store = await storage("kind=truncated-body");
        const read = async () => {
            for await (const _ of store.read(uri("data/changing.csv"))) {
                await bucket.put("data/changing.csv", "other");
            }
        };
        await expect(read()).rejects.toThrow(/Cannot read .*changing\.csv: the object does not exist/);
    });

    it.each(["damaged-body", "wrong-hash"])("reads again from the beginning after %s", async (kind) => {
        const store = await storage(`kind=${kind}`);
        const lines: string[] = [];
        const read = await readIntact(
            () => store.read(uri("data/a.csv")),
            readAll,
            (line) => lines.push(line),
        );
        expect(read.equals(CONTENT)).toBe(true);
        expect(lines).toEqual([expect.stringMatching(/its content arrived damaged \(MD5 .*\); reading it again$/)]);
    });

    it("ignores an error about damaged content", async () => {
        const store = await storage("kind=damaged-body");
        let tries = 0;
        const use = async (content: AsyncIterable<Uint8Array>) => {
            tries += 1;
            let bytes = 0;
            for await (const chunk of content) {
                bytes += chunk.length;
                if (tries === 1 && bytes > CONTENT.length * 0.6) {
                    throw new DataError("row 150,000 is wrong");
                }
            }
            return "read";
        };
        await expect(
            readIntact(
                () => store.read(uri("data/a.csv")),
                use,
                () => {},
            ),
        ).resolves.toBe("read");
        expect(tries).toBe(2);
    });

    it("reports an error about undamaged content, and content that is always damaged", async () => {
        const store = await storage("kind=damaged-body,request=3,count=all");
        const use = async (content: AsyncIterable<Uint8Array>) => {
            for await (const _ of content) {
                throw new DataError("row 1 is wrong");
            }
        };
        await expect(
            readIntact(
                () => store.read(uri("data/a.csv")),
                use,
                () => {},
            ),
        ).rejects.toThrow(DataError);
        const always = readIntact(
            () => store.read(uri("data/a.csv")),
            readAll,
            () => {},
        );
        await expect(always).rejects.toThrow(DamagedError);
    });

    it("gives up if no response ever comes from Cloud Storage", async () => {
        retrySeconds = 6;
        const store = await storage("kind=html,count=all");
        const reading = expect(readAll(store.read(uri("data/a.csv")))).rejects.toThrow(StorageError);
        await expect(store.create(uri("model/never"), "a", "text/plain")).rejects.toThrow(
            /^Cannot write .*model\/never: the response to the upload does not have the hash of the content$/,
        );
        await reading;
    });

    it.each([
        "half-body",
        "truncated-body",
        "empty-body",
        "damaged-body",
        "html",
        "damaged-request",
        "reset-before",
        "reset-after",
        "duplicate",
        "status,status=429",
    ])("creates the right object after two faults of kind %s", async (kind) => {
        const store = await storage(`kind=${kind},count=2`);
        await store.create(uri(`model/${kind}`), CONTENT, "text/csv");
        expect((await bucket.get(`model/${kind}`)) === CONTENT.toString()).toBe(true);
        expect(plan.hits).not.toHaveLength(0);
    });

    it("reports a request that is rejected repeatedly", async () => {
        const store = await storage("kind=damaged-request,method=POST,count=all");
        await expect(store.create(uri("model/rejected"), CONTENT, "text/csv")).rejects.toThrow(
            /^Cannot write .*model\/rejected: /,
        );
        expect(plan.hits).toHaveLength(3);
        expect(await bucket.get("model/rejected")).toBeUndefined();
    });
});
