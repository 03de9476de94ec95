import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

export const projectRoot = path.resolve(__dirname, "../..");

/** Serialises both providers in a separate process, with the loader that `npm start` and the engine use. */
export async function serialiseProviders(
    root: string = projectRoot,
): Promise<{ trainingRun: string; savedResults: string }> {
    const script = path.join(root, "tests/run/fixtures/print-providers.ts");
    const { stdout } = await promisify(execFile)(process.execPath, ["-r", "ts-node/register/transpile-only", script], {
        cwd: root,
        maxBuffer: 16 * 1024 * 1024,
    });
    return JSON.parse(stdout) as { trainingRun: string; savedResults: string };
}
