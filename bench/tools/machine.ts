import { mkdir } from "node:fs/promises";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import path from "node:path";
import { BUNDLES, PEERS, PROJECT, PYTHON, TRAINER } from "../paths";
import { run, runForJson } from "./measure";

/** Prepares everything that the bench needs: Python packages, the trainer, and the contenders written in TypeScript. */
export async function setUp(): Promise<void> {
    await run({ program: path.join(PROJECT, "bench/python-packages.sh"), args: [] });
    await mkdir(path.dirname(TRAINER), { recursive: true });
    await run({
        program: process.execPath,
        args: ["build.cjs", path.dirname(TRAINER)],
        cwd: path.join(PROJECT, "trainer"),
    });
    await run({ program: process.execPath, args: [path.join(PEERS, "bundle.cjs"), BUNDLES] });
}

/** Describes the machine and the versions that the numbers depend on, one per line. */
export async function describeMachine(): Promise<string[]> {
    const processors = cpus();
    const memory = Math.round(totalmem() / 2 ** 30);
    const versions = await runForJson<Record<string, string>>({ program: PYTHON, args: [`${PEERS}/versions.py`] });
    return [
        `Machine: ${processors.length} × ${processors[0]?.model.trim() ?? "processor"}, ${memory} GiB, ${type()} ${release().split(".", 2).join(".")}`,
        `Node.js ${process.versions.node}`,
        Object.entries(versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(", "),
        `Load average over the minute before the start: ${loadavg()[0]?.toFixed(1)}`,
    ];
}
