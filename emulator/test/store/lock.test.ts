import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmulator } from "../../src";
import { lockFolder } from "../../src/store/lock";

let folder: string;

beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "lock-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the lock of a data folder", () => {
    it("refuses a second emulator and names the process", async () => {
        const emulator = await startEmulator({ dataDir: folder, runtime: "process" });
        await expect(startEmulator({ dataDir: folder, runtime: "process" })).rejects.toThrow(
            `Another emulator (process ${process.pid}) uses the data folder ${folder}`,
        );
        await emulator.stop();
    });

    it("is free again after a stop", async () => {
        await (await lockFolder(folder)).release();
        const lock = await lockFolder(folder);
        await lock.release();
        expect(await readdir(folder)).toEqual([]);
    });

    it("is taken over from a process that is dead", async () => {
        const { pid } = spawnSync(process.execPath, ["-e", ""]);
        await writeFile(path.join(folder, "emulator.pid"), `${pid}\n`);
        const lock = await lockFolder(folder);
        expect(await readFile(path.join(folder, "emulator.pid"), "utf8")).toBe(`${process.pid}\n`);
        await lock.release();
    });

    it("is respected while its process lives", async () => {
        await writeFile(path.join(folder, "emulator.pid"), `${process.ppid}\n`);
        await expect(lockFolder(folder)).rejects.toThrow(`process ${process.ppid}`);
    });

    it("is taken over when a crash left it empty", async () => {
        await writeFile(path.join(folder, "emulator.pid"), "");
        const lock = await lockFolder(folder);
        expect(await readFile(path.join(folder, "emulator.pid"), "utf8")).toBe(`${process.pid}\n`);
        await lock.release();
    });

    it("is given back when the start fails", async () => {
        const other = await startEmulator({ dataDir: path.join(folder, "other"), runtime: "process" });
        const dataDir = path.join(folder, "data");
        await expect(startEmulator({ dataDir, port: other.port, runtime: "process" })).rejects.toThrow("EADDRINUSE");
        await other.stop();
        await (await lockFolder(dataDir)).release();
    });
});
