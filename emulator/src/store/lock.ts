import { createHash } from "node:crypto";
import { once } from "node:events";
import { constants } from "node:fs";
import { mkdir, open, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";

/** Exclusive use of a data folder by one emulator. */
export interface FolderLock {
    release(): Promise<void>;
}

/** On macOS, open(2) can acquire the same lock as flock(2). */
const O_EXLOCK = 0x20;

/**
 * Locks a data folder. The kernel releases the lock when the process ends, for whatever reason. `emulator.pid` in the
 * folder merely shows the user which process holds the lock.
 *
 * @throws Error that names the process that holds the lock and says what to do
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
    await mkdir(folder, { recursive: true });
    const file = path.join(folder, "emulator.pid");
    const unlock = await (process.platform === "darwin" ? lockFile(`${file}.lock`) : bindName(await realpath(folder)));
    if (unlock === undefined) {
        const holder = (await readFile(file, "utf8").catch(() => "")).trim();
        throw new Error(
            `Another emulator${holder === "" ? "" : ` (process ${holder})`} is using the data folder ${folder}. ` +
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

/** Binds a name that is not backed by a file: an abstract socket on Linux, a named pipe on Windows. */
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
    // The lock must not keep the process alive.
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
