import { createHash } from "node:crypto";
import { once } from "node:events";
import { constants } from "node:fs";
import { mkdir, open, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";

/** The right to use a data folder; one emulator has it at a time. */
export interface FolderLock {
    release(): Promise<void>;
}

/** macOS: open(2) takes the lock of flock(2) as well. */
const O_EXLOCK = 0x20;

/**
 * Locks a data folder with a lock that the kernel releases when the process ends, however it ends. `emulator.pid` in the
 * folder only tells a person which process holds it.
 *
 * @throws Error naming the process that holds the folder, and what to do
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
    await mkdir(folder, { recursive: true });
    const file = path.join(folder, "emulator.pid");
    const unlock = await (process.platform === "darwin" ? lockFile(`${file}.lock`) : bindName(await realpath(folder)));
    if (unlock === undefined) {
        const holder = (await readFile(file, "utf8").catch(() => "")).trim();
        throw new Error(
            `Another emulator${holder === "" ? "" : ` (process ${holder})`} uses the data folder ${folder}. ` +
                "Stop it, or choose another folder.",
        );
    }
    await writeFile(file, `${process.pid}\n`);
    return {
        release: async () => {
            await rm(file, { force: true });
            await unlock();
        },
    };
}

type Unlock = () => Promise<void>;

/** Binds a name that no file stands for: an abstract socket on Linux, a named pipe on Windows. */
async function bindName(folder: string): Promise<Unlock | undefined> {
    const name = `gcp-emulator-${createHash("sha256").update(folder).digest("hex").slice(0, 32)}`;
    const server = createServer((socket) => socket.destroy());
    server.listen(process.platform === "win32" ? `\\\\.\\pipe\\${name}` : `\0${name}`);
    try {
        await once(server, "listening");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") {
            return undefined;
        }
        throw error;
    }
    // The lock keeps no process alive.
    server.unref();
    return async () => {
        const closed = once(server, "close");
        server.close();
        await closed;
    };
}

async function lockFile(file: string): Promise<Unlock | undefined> {
    try {
        const handle = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | O_EXLOCK);
        return () => handle.close();
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") {
            return undefined;
        }
        throw error;
    }
}
