import { readdir } from "node:fs/promises";
import path from "node:path";
import { parseEarlierName } from "../../run/earlier-attempts";
import { readRegularFile } from "../../run/files";
import { ownFiles } from "../../run/layout";
import { readMetrics } from "../../run/metrics";
import { parseStatus } from "../../run/status";
import type { StoredRun } from "./runs-table";

/** A status has less than 2 KB; anything larger is another file. */
const MAX_STATUS_BYTES = 64 * 1024;

/**
 * Reads the earlier attempts in a stack's folder for results, which exist on this machine only.
 *
 * @param folder `<resultsDir>/<stack>`
 */
export async function readEarlierAttempts(folder: string): Promise<StoredRun[]> {
    const names = await readdir(folder).catch(() => [] as string[]);
    return Promise.all(names.filter((name) => parseEarlierName(name)).map((name) => readAttempt(folder, name)));
}

async function readAttempt(folder: string, name: string): Promise<StoredRun> {
    const own = path.join(folder, name);
    const text = (await readRegularFile(path.join(own, ownFiles.status), MAX_STATUS_BYTES))?.toString("utf8") ?? "";
    try {
        const status = parseStatus(text, path.join(name, ownFiles.status));
        return { runId: name, status, metrics: await readMetrics(own), isLocal: true };
    } catch {
        return { runId: name, problem: `it has no valid ${ownFiles.status}`, isLocal: true };
    }
}
