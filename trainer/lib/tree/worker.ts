import { parentPort, workerData } from "node:worker_threads";
import { buffersOf } from "./flat-tree";
import { type Job, type JobResult, JobRunner } from "./jobs";
import type { FitTable } from "./types";

/** What the pool tells a thread. */
export interface Order {
    id: number;
    job: Job;
}

/** What a thread tells the pool. */
export type Answer = { id: number; result: JobResult } | { id: number; error: Error };

/**
 * A thread's side of the pool: does jobs until the pool ends the thread. The program whose file `openFitPool` was given
 * calls it when it finds itself in a worker thread.
 */
export function serveFits(): void {
    const runner = new JobRunner(workerData as FitTable);
    parentPort?.on("message", ({ id, job }: Order) => {
        try {
            const result = runner.run(job);
            parentPort?.postMessage({ id, result } satisfies Answer, result.trees.flatMap(buffersOf));
        } catch (error) {
            parentPort?.postMessage({ id, error: error as Error } satisfies Answer);
        }
    });
}
