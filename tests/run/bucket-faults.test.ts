import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { type Emulator, startEmulator } from "../../emulator/src";
import { type FaultProxy, startFaultProxy } from "../../emulator/src/faults/proxy";
import { FaultPlan, parseFaultRule } from "../../emulator/src/faults/rule";
import type { BucketClient, StoredObject } from "../../run/clients";
import { createAuth, readCloudSettings } from "../../run/credentials";
import { classifyError } from "../../run/errors";
import { openBucket } from "../../run/google-bucket";
import { saveAllRuns } from "../../run/save-all";
import { renderStatus } from "../../run/status";
import { FakeClock, runId, statusOf } from "./fakes";

// The real client library accesses the emulator's Cloud Storage through a proxy that breaks its requests. The clock
// advances only when the bucket client sleeps between its own retries.
const CONTENT = "0123456789".repeat(50_000);
let root: string;
let emulator: Emulator;
let healthy: BucketClient;
let big: StoredObject;
let proxy: FaultProxy | undefined;

async function connect(port: number, clock = new FakeClock()): Promise<BucketClient> {
    const url = `http://127.0.0.1:${port}`;
    const config: Record<string, string> = {
        "gcp:accessToken": emulator.operatorToken,
        "gcp:storageCustomEndpoint": `${url}/storage/v1/`,
    };
    const settings = readCloudSettings((key) => config[key], {});
    return openBucket("faulty", settings, await createAuth(settings), clock);
}

async function put(name: string, content: string | Buffer, headers: Record<string, string> = {}): Promise<void> {
    const query = `uploadType=media&name=${encodeURIComponent(name)}${headers.gzip ? "&contentEncoding=gzip" : ""}`;
    const response = await fetch(`${emulator.url}/upload/storage/v1/b/faulty/o?${query}`, {
        method: "POST",
        headers: { authorization: `Bearer ${emulator.operatorToken}`, "content-type": "application/json" },
        body: new Uint8Array(Buffer.from(content as string)),
    });
    expect(response.status).toBe(200);
}

beforeAll(async () => {
    root = mkdtempSync(path.join(tmpdir(), "faults-"));
    emulator = await startEmulator({ dataDir: path.join(root, "emulator"), runtime: "process" });
    await fetch(`${emulator.url}/storage/v1/b?project=demo-project`, {
        method: "POST",
        headers: { authorization: `Bearer ${emulator.operatorToken}`, "content-type": "application/json" },
        body: JSON.stringify({ name: "faulty", location: "US-CENTRAL1" }),
    });
    healthy = await connect(emulator.port);
    await put("big.bin", CONTENT);
    await put("packed.json", gzipSync(Buffer.alloc(50_000_000)), { gzip: "yes" });
    await put(`runs/${runId}/model/model.json`, '{"tree":[]}');
    await put(`runs/${runId}/log/1/000000000000.txt`, "epoch 1\n");
    const listing = await fetch(`${emulator.url}/storage/v1/b/faulty/o?prefix=runs/${runId}/model/`, {
        headers: { authorization: `Bearer ${emulator.operatorToken}` },
    });
    await put(`runs/${runId}/objects.json`, `{"schema":1,"pages":[${await listing.text()}]}`);
    await put(`runs/${runId}/status.json`, renderStatus(statusOf({ state: "SUCCEEDED", exitCode: 0 })));
    big = (await healthy.stat("big.bin")) as StoredObject;
});
afterEach(async () => {
    await proxy?.stop();
    proxy = undefined;
});
afterAll(async () => {
    await emulator.stop();
    rmSync(root, { recursive: true, force: true });
});

/** A client whose requests fail according to the rules. */
async function broken(...rules: string[]): Promise<{ bucket: BucketClient; plan: FaultPlan; clock: FakeClock }> {
    const plan = new FaultPlan(rules.map(parseFaultRule));
    const clock = new FakeClock();
    proxy = await startFaultProxy({ plan, targetPort: emulator.port, side: "main" });
    return { bucket: await connect(proxy.port, clock), plan, clock };
}

const ONCE = ["half-body", "damaged-body", "truncated-body", "empty-body", "html", "wrong-hash"];
// A changed byte in a listing goes undetected, because it may be part of a name.
const DETECTED = ONCE.filter((kind) => kind !== "damaged-body");

let files = 0;
const newPath = () => path.join(root, `download-${files++}`);

describe("a client whose connection breaks once", () => {
    it.each(ONCE)("downloads and reads the correct bytes, and counts them once, after %s", async (kind) => {
        const { bucket, plan } = await broken(`kind=${kind},path=alt=media,count=1`);
        const file = newPath();
        let counted = 0;

        const onBytes = (bytes: number) => {
            counted += bytes;
        };
        await bucket.download(big, file, { onBytes });

        expect(counted).toBe(CONTENT.length);
        expect(readFileSync(file, "utf8") === CONTENT).toBe(true);
        expect((await bucket.read(big))?.toString() === CONTENT).toBe(true);
        expect(plan.hits).toHaveLength(1);
    });

    it("retries a download itself after status 503, because Google's client would crash in Node.js 24", async () => {
        const { bucket, plan, clock } = await broken("kind=status,status=503,path=alt=media");

        expect((await bucket.read(big))?.toString() === CONTENT).toBe(true);
        expect(plan.hits).toHaveLength(1);
        expect(clock.sleeps).toHaveLength(1);
    });

    it.each([...DETECTED, "status,status=401"])("describes and lists objects after %s", async (kind) => {
        const { bucket, plan } = await broken(`kind=${kind},path=big.bin`, `kind=${kind},path=delimiter`);

        await expect(bucket.stat("big.bin")).resolves.toEqual(big);
        await expect(bucket.folders("runs/")).resolves.toEqual([runId]);
        expect(plan.hits).toHaveLength(2);
    });

    it.each(["half-body", "truncated-body", "empty-body", "html"])("writes an object after %s", async (kind) => {
        const { bucket, plan } = await broken(`kind=${kind},method=POST`);

        // When the request is retried, the object already exists, as if somebody else had written it.
        await bucket.write(`runs/${kind}.txt`, "text", "0");

        expect((await healthy.read((await healthy.stat(`runs/${kind}.txt`)) as StoredObject))?.toString()).toBe("text");
        expect(plan.hits).toHaveLength(1);
    });

    it("saves every run even if the first listing of runs is damaged", async () => {
        const { bucket, plan } = await broken("kind=damaged-body,path=delimiter");
        const printed: string[] = [];
        const context = { bucket, clock: new FakeClock(), print: (line: string) => printed.push(line) };

        await saveAllRuns(context, (id) => ({ relative: id, absolute: path.join(root, "saved", "stack", id) }));

        expect(printed).toContainEqual(expect.stringContaining(`run ${runId}: saved to ${runId}, 1 file downloaded`));
        expect(readFileSync(path.join(root, "saved", "stack", runId, "model.json"), "utf8")).toBe('{"tree":[]}');
        expect(plan.hits).toHaveLength(1);
    });

    it("keeps resuming a download that makes no progress, for as long as the caller allows", async () => {
        const { bucket, plan } = await broken("kind=empty-body,count=20,path=alt=media");
        const errors: unknown[] = [];
        const [file, other] = [newPath(), newPath()];

        const patience = { windowMs: 15 * 60_000, onFailure: (error: unknown) => errors.push(error) };
        await bucket.download(big, file, { patience });

        expect(readFileSync(file, "utf8") === CONTENT).toBe(true);
        expect([errors.length, plan.hits.length]).toEqual([20, 20]);
        plan.replace([parseFaultRule("kind=status,status=401,count=2,path=alt=media")]);
        await bucket.download(big, newPath(), { patience });
        plan.replace([parseFaultRule("kind=empty-body,count=20,path=alt=media")]);
        await expect(bucket.download(big, other)).rejects.toThrow("ended after 0 of 500000 bytes");
    });
});

it.each(["html", "empty-body", "truncated-body", "status,status=404"])(
    "%s in every response is treated as a network error, never as an empty bucket or a missing object",
    async (kind) => {
        const { bucket } = await broken(`kind=${kind},count=all`);
        const transient = (action: Promise<unknown>) =>
            expect(
                action.then(
                    (value) => value,
                    (error: unknown) => classifyError(error),
                ),
            ).resolves.toBe("transient");

        await transient(bucket.folders("runs/"));
        await transient(bucket.list("runs/"));
        await transient(bucket.stat("big.bin"));
        const context = { bucket, clock: new FakeClock(), print: () => undefined };
        await transient(saveAllRuns(context, () => ({ relative: "x", absolute: path.join(root, "never") })));
    },
);

it.each(["damaged-body", "html", "truncated-body"])(
    "a download that hits %s on every request fails and says why",
    async (kind) => {
        const { bucket } = await broken(`kind=${kind},count=all,path=alt=media`);

        const failure = bucket.download(big, newPath());

        await expect(failure).rejects.toThrow(
            /The download of big\.bin (failed verification|ended after)|returned status/,
        );
    },
);

it("an object with Content-Encoding gzip is downloaded in its stored form, and verified", async () => {
    const { bucket } = await broken("kind=truncated-body,path=alt=media");
    const packed = (await bucket.stat("packed.json")) as StoredObject;
    const file = newPath();

    await bucket.download(packed, file);

    const bytes = readFileSync(file);
    expect(bytes).toHaveLength(packed.sizeBytes);
    expect(bytes.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
});
