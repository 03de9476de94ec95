import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { CACHED_TS_NODE } from "../helpers/cli-command";

export const projectRoot = path.resolve(__dirname, "../..");

/**
 * Serialises the providers in a separate process.
 * @param loader must emit the same code as the loaders in `npm start` and the engine, because the text depends on that
 * code
 */
export async function serialiseProviders(
    root: string = projectRoot,
    loader: string = CACHED_TS_NODE,
): Promise<Record<"trainingRun" | "savedResults" | "cleanup" | "batchJob" | "readyApis", string>> {
    const script = path.join(root, "tests/run/fixtures/print-providers.ts");
    const { stdout } = await promisify(execFile)(process.execPath, ["-r", loader, script], {
        cwd: root,
        maxBuffer: 16 * 1024 * 1024,
    });
    return JSON.parse(stdout) as Awaited<ReturnType<typeof serialiseProviders>>;
}
