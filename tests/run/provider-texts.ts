import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { CACHED_TS_NODE } from "../helpers/cli-command";

export const projectRoot = path.resolve(__dirname, "../..");

/**
 * Serialises both providers in a separate process.
 * @param loader emits the same code as the loader of `npm start` and of the engine, on which the text depends
 */
export async function serialiseProviders(
    root: string = projectRoot,
    loader: string = CACHED_TS_NODE,
): Promise<{ trainingRun: string; savedResults: string }> {
    const script = path.join(root, "tests/run/fixtures/print-providers.ts");
    const { stdout } = await promisify(execFile)(process.execPath, ["-r", loader, script], {
        cwd: root,
        maxBuffer: 16 * 1024 * 1024,
    });
    return JSON.parse(stdout) as { trainingRun: string; savedResults: string };
}
