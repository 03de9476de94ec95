import { cpus, loadavg, release, totalmem, type } from "node:os";
import { PEERS, PYTHON } from "../paths";
import { runForJson } from "./command";

/** What the numbers depend on, one line each. */
export async function describeMachine(): Promise<string[]> {
    const processors = cpus();
    const memory = Math.round(totalmem() / 2 ** 30);
    const versions = await runForJson<Record<string, string>>({ program: PYTHON, args: [`${PEERS}/versions.py`] });
    return [
        `Machine: ${processors.length} × ${processors[0]?.model.trim() ?? "processor"}, ${memory} GiB, ${type()} ${release().split(".", 2).join(".")}`,
        `Node.js ${process.versions.node}; ${Object.entries(versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(", ")}`,
        `Load average of the minute before it began: ${loadavg()[0]?.toFixed(1)}`,
    ];
}
