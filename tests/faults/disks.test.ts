import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { saveResults } from "../../cli/results/save-results";
import { type LoneBucket, startTestBucket, TestEmulator } from "../../emulator/src/testing";
import { putRun } from "../cli/shared/test-project";
import { SmallDisk } from "./small-disk";
import { filesIn } from "./small-run";

const missing = SmallDisk.reasonMissing();
const describeWithMounts = missing === undefined ? describe : describe.skip;
const itOnLinux = process.platform === "linux" ? test : test.skip;
const ROOT = path.resolve(__dirname, "../..");
const skipped = missing === undefined ? "" : ` (skipped: ${missing})`;
const BIG = new Uint8Array(3 * 1024 * 1024).fill(7);

describeWithMounts(`an emulator on a small disk${skipped}`, () => {
    let disk: SmallDisk;
    let emulator: TestEmulator;

    const start = async (...options: string[]) => {
        disk.mount(...options);
        emulator = await TestEmulator.start({ dataDir: path.join(disk.folder, "data") });
        await emulator.makeBucket("small");
    };
    const names = async () => await emulator.bucket("small").list("");

    beforeEach(() => {
        disk = new SmallDisk();
    });
    afterEach(async () => {
        await emulator.stop();
        disk.remove();
    });

    it("returns 507 with the reason when the disk is full, stores nothing, and works once there is space", async () => {
        await start("size=2m");

        const answer = await emulator.upload("small", "big.bin", BIG);
        expect([answer.status, answer.at("error.message")]).toEqual([
            507,
            expect.stringMatching(/disk .* is full.*ENOSPC/),
        ]);
        expect(await names()).toEqual([]);
        expect(readdirSync(path.join(disk.folder, "data", "blobs"))).toEqual([]);

        disk.remount("size=8m");
        expect((await emulator.upload("small", "big.bin", BIG)).status).toBe(200);
        expect(await names()).toEqual(["big.bin"]);
    });

    it("discards what it could not write, so that the same request succeeds later", async () => {
        await start("size=2m");
        const filler = path.join(disk.folder, "filler");
        try {
            writeFileSync(filler, BIG);
        } catch {
            // The disk is now full.
        }

        await expect(emulator.makeBucket("second")).rejects.toThrow(/HTTP 507 .*is full/s);
        expect((await emulator.call("GET", "/storage/v1/b/second")).status).toBe(404);
        rmSync(filler);
        await emulator.makeBucket("second");
        await emulator.restart({ dataDir: path.join(disk.folder, "data") });
        expect((await emulator.call("GET", "/storage/v1/b/second")).status).toBe(200);
    });

    it("returns 507 when there are no inodes left", async () => {
        await start("size=8m", "nr_inodes=60");
        disk.fillInodes(60);

        const answer = await emulator.upload("small", "a.txt", "a");
        expect([answer.status, answer.at("error.message")]).toEqual([507, expect.stringContaining("or inodes")]);
        rmSync(path.join(disk.folder, "filler"), { recursive: true });
        expect((await emulator.upload("small", "a.txt", "a")).status).toBe(200);
    });

    it("returns 500 with the reason on a read-only disk, and still serves existing data", async () => {
        await start("size=8m");
        await emulator.bucket("small").put("a.txt", "a");
        disk.remount("ro");

        const answer = await emulator.upload("small", "b.txt", "b");
        expect([answer.status, answer.at("error.message")]).toEqual([500, expect.stringContaining("read-only disk")]);
        expect(await emulator.bucket("small").get("a.txt")).toBe("a");
        disk.remount("rw");
    });
});

describe("npm run results without enough resources", () => {
    const RUN = "r-0123456789";
    const MODEL = { "model.bin": "0123456789".repeat(300_000), "metrics.json": '{"accuracy":1}' };
    let bucket: LoneBucket;

    const env = () => ({
        ...process.env,
        GOOGLE_STORAGE_CUSTOM_ENDPOINT: `${bucket.endpoint}/storage/v1/`,
        GOOGLE_OAUTH_ACCESS_TOKEN: "developer",
    });
    /** The model's files in a project folder; undefined if nothing was saved. */
    const savedIn = (projectDir: string) => {
        const models = path.join(projectDir, "models", bucket.name);
        const names = existsSync(models) ? readdirSync(models).filter((name) => name !== "index.html") : [];
        return names.length === 0 ? undefined : { names, files: filesIn(path.join(models, RUN)) };
    };
    const expectComplete = (projectDir: string) => {
        const { names, files } = savedIn(projectDir) ?? {};
        expect(names).toEqual([RUN]);
        expect(String(files?.get("model.bin")) === MODEL["model.bin"]).toBe(true);
        expect([...(files?.keys() ?? [])].sort()).toEqual([
            "manifest.json",
            "metrics.json",
            "model.bin",
            "status.json",
            "trainer.log",
        ]);
    };

    beforeAll(async () => {
        bucket = await startTestBucket("results");
        await putRun(bucket, RUN, { state: "SUCCEEDED" }, MODEL);
    });
    afterAll(() => bucket.stop());

    describeWithMounts(`on a small disk${skipped}`, () => {
        let disk: SmallDisk;
        beforeEach(() => {
            disk = new SmallDisk();
        });
        afterEach(() => disk.remove());

        const run = async () => {
            const { folder } = disk;
            const context = { projectDir: folder, packageDir: folder, env: env(), print: () => undefined };
            return await saveResults(["--bucket", `gs://${bucket.name}`], context);
        };

        it.each([
            ["full", ["size=1m"], ["size=16m"], "the disk is full, or out of inodes (ENOSPC)"],
            [
                "without free inodes",
                ["size=16m", "nr_inodes=4"],
                ["nr_inodes=100"],
                "the disk is full, or out of inodes (ENOSPC)",
            ],
            ["read-only", ["size=16m", "ro"], ["rw"], "the disk is read-only (EROFS)"],
        ])(
            "fails if the disk is %s, leaves nothing behind, and succeeds afterwards",
            async (_, before, after, problem) => {
                disk.mount(...before);

                await expect(run()).rejects.toThrow(problem);

                expect(savedIn(disk.folder)).toBeUndefined();
                disk.remount(...after);
                await expect(run()).resolves.toBe(0);
                expectComplete(disk.folder);
            },
        );
    });

    itOnLinux.each([22])("saves everything or fails and saves nothing with %i file descriptors", async (limit) => {
        const projectDir = mkdtempSync(path.join(tmpdir(), "descriptors-"));
        for (const name of [
            "cli",
            "run",
            "infra",
            "node_modules",
            "load-typescript.cjs",
            "package.json",
            "tsconfig.json",
        ]) {
            symlinkSync(path.join(ROOT, name), path.join(projectDir, name));
        }
        const command = `ulimit -n ${limit}; exec "$0" --preserve-symlinks --preserve-symlinks-main "$@"`;
        const args = ["-r", "./load-typescript.cjs", "cli/results/main.ts", "--bucket", `gs://${bucket.name}`];
        const child = spawn("bash", ["-c", command, process.execPath, ...args], { cwd: projectDir, env: env() });
        const output = Promise.all([text(child.stdout), text(child.stderr)]);
        const [status] = await once(child, "close");

        if (status === 0) {
            expectComplete(projectDir);
        } else {
            expect([status, (await output).join("")]).toEqual([1, expect.stringMatching(/EMFILE|too many open files/)]);
            expect(savedIn(projectDir)).toBeUndefined();
        }
        rmSync(projectDir, { recursive: true });
    });
});
