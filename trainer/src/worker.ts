import { parentPort, Worker, workerData } from "node:worker_threads";
import type { CartModel } from "./model-format";
import { type FitRequest, fitTree } from "./tree";

/** While a tree grows the log gets a line this often, so that nobody takes silence for a stall. Milliseconds. */
const PROGRESS_MS = 30_000;

/**
 * Grows a tree in a thread of its own: the main thread stays free to obey SIGTERM, which a preempted VM sends with
 * seconds to spare, and to tell how long it takes.
 * @param file the program that calls `serveFitRequest` when it finds itself in a worker
 */
export function fitInWorker(file: string, request: FitRequest, print: (line: string) => void): Promise<CartModel> {
    const worker = new Worker(file, { workerData: request });
    const startedAt = Date.now();
    const progress = setInterval(() => {
        print(`Still training, ${Math.round((Date.now() - startedAt) / 1000)} s so far`);
    }, PROGRESS_MS);
    return new Promise<CartModel>((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
        worker.once("exit", (code) => reject(new Error(`The training thread ended with ${code} and no tree`)));
    }).finally(() => clearInterval(progress));
}

/** The worker's side: grows the tree that it was started with. */
export function serveFitRequest(): void {
    parentPort?.postMessage(fitTree(workerData as FitRequest));
}
