import { mkdir } from "node:fs/promises";
import path from "node:path";
import { BUNDLES, PEERS, PROJECT, TRAINER } from "../paths";
import { run } from "./command";

/** Everything that is measured, made from what is here: Python's packages, the trainer, peers in TypeScript. */
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
