import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Collected, type CollectOptions, collectRun } from "../../run/collect";
import { type FakeBucket, FakeClock, runId } from "./fakes";
import { status } from "./successful-run";

/** Gives each test in a file a temporary folder, into which it collects runs. */
export function inTemporaryFolder(options: Partial<CollectOptions> = {}) {
    let root: string;
    beforeEach(() => {
        root = mkdtempSync(path.join(tmpdir(), "collect-"));
    });
    afterEach(() => {
        rmSync(root, { recursive: true, force: true });
    });

    const folder = () => path.join(root, "models", "dev", runId);
    return {
        root: () => root,
        /** The run's results folder. */
        folder,
        /** Text of a file in the results folder. */
        read: (name: string) => readFileSync(path.join(folder(), name), "utf8"),
        collect(bucket: FakeBucket, printed: string[] = []): Promise<Collected> {
            const context = { bucket, clock: new FakeClock(), print: (line: string) => printed.push(line) };
            return collectRun(context, { status, folder: folder(), ...options });
        },
    };
}
