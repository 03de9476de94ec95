import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmulator } from "../../src";
import { lockFolder } from "../../src/store/lock";

const LOADER = path.resolve(__dirname, "../../../load-typescript.cjs");

let folder: string;

beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "lock-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the lock on a data folder", () => {
    it("rejects a second emulator and names the process that holds it", async () => {
        const emulator = await startEmulator({ dataDir: folder, runtime: "process" });
        await expect(startEmulator({ dataDir: folder, runtime: "process" })).rejects.toThrow(
            `Another emulator (process ${process.pid}) is using the data folder ${folder}`,
        );
        await emulator.stop();
    });

    it("is released when the emulator stops", async () => {
        await (await lockFolder(folder)).release();
        const lock = await lockFolder(folder);
        await lock.release();
        expect(await readdir(folder)).toEqual([]);
    });

    it("names the process that holds the folder", async () => {
        const lock = await lockFolder(folder);
        expect(await readFile(path.join(folder, "emulator.pid"), "utf8")).toBe(`${process.pid}\n`);
        await expect(lockFolder(folder)).rejects.toThrow(`(process ${process.pid})`);
        await lock.release();
    });

    it("applies to every path that leads to the folder", async () => {
        const link = `${folder}-link`;
        await symlink(folder, link);
        const lock = await lockFolder(folder);
        await expect(lockFolder(link)).rejects.toThrow("Another emulator");
        await lock.release();
        await rm(link);
    });

    it.each([
        ["names a running process", `${process.ppid}\n`],
        ["is empty", ""],
        ["is not a number", "x"],
    ])("is free if no process holds it, even if emulator.pid %s", async (_what, text) => {
        await writeFile(path.join(folder, "emulator.pid"), text);
        const lock = await lockFolder(folder);
        expect(await readFile(path.join(folder, "emulator.pid"), "utf8")).toBe(`${process.pid}\n`);
        await lock.release();
    });

    it("is released by the kernel when its process is killed", async () => {
        const program = `require("./lock").lockFolder(process.argv[1]).then(() => process.send("locked"));`;
        const child = spawn(process.execPath, ["-r", LOADER, "-e", `${program} setInterval(() => {}, 1000)`, folder], {
            cwd: path.join(__dirname, "../../src/store"),
            stdio: ["ignore", "ignore", "inherit", "ipc"],
        });
        await once(child, "message");
        await expect(lockFolder(folder)).rejects.toThrow(`(process ${child.pid})`);
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        await ended;
        const lock = await lockFolder(folder);
        await lock.release();
    });

    it("has only one holder if several processes request it at once", async () => {
        const taken = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
        const locks = taken.filter((one) => one.status === "fulfilled");
        expect(locks).toHaveLength(1);
        await locks[0]?.value.release();
    });

    it("is released if the emulator fails to start", async () => {
        const other = await startEmulator({ dataDir: path.join(folder, "other"), runtime: "process" });
        const dataDir = path.join(folder, "data");
        await expect(startEmulator({ dataDir, port: other.port, runtime: "process" })).rejects.toThrow("EADDRINUSE");
        await other.stop();
        await (await lockFolder(dataDir)).release();
    });
});
