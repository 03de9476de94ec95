import * as os from "node:os";
import { PEERS, PYTHON } from "../paths";
import { runForJson } from "./command";

/** What the numbers depend on, one line each. */
export async function describeMachine(): Promise<string[]> {
    const processors = os.cpus();
    const memory = Math.round(os.totalmem() / 2 ** 30);
    const versions = await runForJson<Record<string, string>>({ program: PYTHON, args: [`${PEERS}/versions.py`] });
    return [
        `Machine: ${processors.length} × ${processors[0]?.model.trim() ?? "processor"}, ${memory} GiB, ${os.type()} ${os.release().split(".", 2).join(".")}`,
        `Node.js ${process.versions.node}; ${Object.entries(versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(", ")}`,
        `Load average of the minute before it began: ${os.loadavg()[0]?.toFixed(1)}`,
    ];
}
