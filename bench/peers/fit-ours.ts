// Fits this trainer's tree or forest once and prints the time. Usage: `node fit-ours.cjs ORDER`; see FitOrder in
// bench/sections/fit.ts.
import { isMainThread } from "node:worker_threads";
import { allRows } from "../../trainer/lib/columns/shared-memory";
import { openFitPool, serveFits } from "../../trainer/lib/tree";
import type { FitOrder, FitReport } from "../sections/fit";
import { asRead, classTarget, readTable } from "./table";

if (isMainThread) {
    void main();
} else {
    serveFits();
}

async function main(): Promise<void> {
    const order = JSON.parse(process.argv[2] ?? "") as FitOrder;
    const table = readTable(order.file, order.rows);
    const columns = asRead(table.columns);
    const target = classTarget(table.y);
    const rows = allRows(order.rows);
    const started = performance.now();
    const pool = openFitPool({ columns, target }, { threads: order.threads, file: __filename });
    const { leaves } = await pool.fit({
        algorithm: order.forest === undefined ? "tree" : "forest",
        growth: { maxDepth: order.maxDepth, minNumSamples: order.minNumSamples, gainThreshold: 0 },
        ...(order.forest === undefined ? {} : { forest: { ...order.forest, seed: 0 } }),
        rows,
        keepTrees: true,
    });
    const report: FitReport = { seconds: (performance.now() - started) / 1000, leaves };
    await pool.close();
    console.log(JSON.stringify(report));
}
