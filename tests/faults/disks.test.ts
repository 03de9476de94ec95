import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { TestEmulator } from "../../emulator/src/testing";

// The tests use small tmpfs mounts, never the machine's own disks.
const missing = reasonWithoutMounts();
const describeWithMounts = missing === undefined ? describe : describe.skip;
const BIG = new Uint8Array(3 * 1024 * 1024).fill(7);

/** The reason this process cannot mount a file system, or undefined if it can. */
function reasonWithoutMounts(): string | undefined {
    if (process.platform !== "linux" || process.getuid?.() !== 0) {
        return "mounting needs root on Linux";
    }
    const folder = mkdtempSync(path.join(tmpdir(), "disk-"));
    try {
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "pipe" });
        execFileSync("umount", [folder], { stdio: "pipe" });
        return undefined;
    } catch (error) {
        return `mount failed: ${(error as Error).message.split("\n")[1]}`;
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

describeWithMounts(`an emulator on a small disk${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
    let disk: string;
    let emulator: TestEmulator;

    const mount = (...options: string[]) =>
        execFileSync("mount", ["-t", "tmpfs", "-o", options.join(","), "tmpfs", disk], { stdio: "pipe" });
    const start = async (...options: string[]) => {
        mount(...options);
        emulator = await TestEmulator.start({ dataDir: path.join(disk, "data") });
        await emulator.makeBucket("small");
    };
    const names = async () => await emulator.bucket("small").list("");

    beforeEach(() => {
        disk = mkdtempSync(path.join(tmpdir(), "disk-"));
    });
    afterEach(async () => {
        await emulator.stop();
        execFileSync("umount", [disk], { stdio: "pipe" });
        rmSync(disk, { recursive: true });
    });

    it("returns 507 with the reason when the disk is full, stores nothing, and works once there is space", async () => {
        await start("size=2m");

        const answer = await emulator.upload("small", "big.bin", BIG);
        expect([answer.status, answer.at("error.message")]).toEqual([
            507,
            expect.stringMatching(/disk .* is full.*ENOSPC/),
        ]);
        expect(await names()).toEqual([]);
        expect(readdirSync(path.join(disk, "data", "blobs"))).toEqual([]);

        mount("remount", "size=8m");
        expect((await emulator.upload("small", "big.bin", BIG)).status).toBe(200);
        expect(await names()).toEqual(["big.bin"]);
    });

    it("discards what it could not write, so that the same request succeeds later", async () => {
        await start("size=2m");
        const filler = path.join(disk, "filler");
        try {
            writeFileSync(filler, BIG);
        } catch {
            // The disk is now full.
        }

        await expect(emulator.makeBucket("second")).rejects.toThrow(/HTTP 507 .*is full/s);
        expect((await emulator.call("GET", "/storage/v1/b/second")).status).toBe(404);
        rmSync(filler);
        await emulator.makeBucket("second");
        await emulator.restart({ dataDir: path.join(disk, "data") });
        expect((await emulator.call("GET", "/storage/v1/b/second")).status).toBe(200);
    });

    it("returns 507 when there are no inodes left", async () => {
        await start("size=8m", "nr_inodes=60");
        const folder = path.join(disk, "filler");
        mkdirSync(folder);
        try {
            for (let index = 0; index < 60; index += 1) {
                writeFileSync(path.join(folder, String(index)), "");
            }
        } catch {
            // There are no inodes left.
        }

        const answer = await emulator.upload("small", "a.txt", "a");
        expect([answer.status, answer.at("error.message")]).toEqual([507, expect.stringContaining("or inodes")]);
        rmSync(folder, { recursive: true });
        expect((await emulator.upload("small", "a.txt", "a")).status).toBe(200);
    });

    it("returns 500 with the reason on a read-only disk, and still serves existing data", async () => {
        await start("size=8m");
        await emulator.bucket("small").put("a.txt", "a");
        mount("remount", "ro");

        const answer = await emulator.upload("small", "b.txt", "b");
        expect([answer.status, answer.at("error.message")]).toEqual([500, expect.stringContaining("read-only disk")]);
        expect(await emulator.bucket("small").get("a.txt")).toBe("a");
        mount("remount", "rw");
    });
});
