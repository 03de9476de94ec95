import { mkdir, open, readFile, rm } from "node:fs/promises";
import path from "node:path";

/** Folders locked by this very process: a second emulator in it has the same pid. */
const lockedHere = new Set<string>();

/** The right to use a data folder; one emulator has it at a time. */
export interface FolderLock {
    release(): Promise<void>;
}

/**
 * Takes `<folder>/emulator.pid`. A lock whose process has died (kill -9, power cut) is taken over.
 *
 * @throws Error naming the process that has the folder, and what to do
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
    const file = path.join(folder, "emulator.pid");
    await mkdir(folder, { recursive: true });
    for (let attempt = 0; ; attempt += 1) {
        if (await createExclusively(file)) {
            break;
        }
        const holder = await readHolder(file);
        if (attempt > 0 || lockedHere.has(folder) || (holder !== process.pid && isAlive(holder))) {
            throw new Error(
                `Another emulator (process ${holder}) uses the data folder ${folder}. Stop it (kill ${holder}), or choose ` +
                    `another folder. If process ${holder} is no emulator, delete ${file}.`,
            );
        }
        await rm(file, { force: true });
    }
    lockedHere.add(folder);
    return {
        release: async () => {
            lockedHere.delete(folder);
            await rm(file, { force: true });
        },
    };
}

async function createExclusively(file: string): Promise<boolean> {
    try {
        const handle = await open(file, "wx");
        await handle.writeFile(`${process.pid}\n`);
        await handle.close();
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") {
            return false;
        }
        throw error;
    }
}

/** Pid in the lock file; 0 when the file is gone or was left empty. */
async function readHolder(file: string): Promise<number> {
    const text = await readFile(file, "utf8").catch(() => "");
    return Number.parseInt(text, 10) || 0;
}

function isAlive(pid: number): boolean {
    if (pid <= 0) {
        return false;
    }
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        // EPERM: it lives and belongs to somebody else.
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}
