import { parentPort, Worker, workerData } from "node:worker_threads";
import { buffersOf } from "./flat-tree";
import { type Job, type JobResult, makeRunner } from "./jobs";
import type { FitTable } from "./types";

interface Waiting {
    job: Job;
    resolve(result: JobResult): void;
    reject(error: Error): void;
}

/**
 * A thread creates few objects besides arrays, so more frequent garbage collection costs nothing and saves about 7 MB
 * per thread.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 2 };

/** Runs jobs: in this thread while little work is expected, then in worker threads. */
export interface Threads {
    /**
     * Announces work, so that the pool knows before the first job whether starting threads is worthwhile.
     * @returns a function to call when the work is done
     */
    expect(ms: number): () => void;
    /** Jobs start in the order of the calls. */
    run(job: Job): Promise<JobResult>;
    close(): Promise<void>;
}

/**
 * @param file the program's file
 * @param count maximum number of worker threads
 * @param inThreadMs see FitPoolOptions
 */
export function openThreads(table: FitTable, file: string, count: number, inThreadMs: number): Threads {
    const idle: Worker[] = [];
    const workers: Worker[] = [];
    const waiting: Waiting[] = [];
    const running = new Map<number, Waiting>();
    let runHere: ReturnType<typeof makeRunner> | undefined;
    let expectedMs = 0;
    let nextId = 0;
    let isScheduled = false;
    let failure: Error | undefined;

    /** Dispatches later, because more jobs may arrive in this turn, and other events must be handled between jobs. */
    function schedule(): void {
        if (!isScheduled) {
            isScheduled = true;
            setImmediate(() => {
                isScheduled = false;
                dispatch();
            });
        }
    }

    function dispatch(): void {
        if (workers.length === 0 && expectedMs <= inThreadMs) {
            runNext();
            return;
        }
        while (workers.length < count && idle.length < waiting.length) {
            start();
        }
        while (idle.length > 0 && waiting.length > 0) {
            const worker = idle.pop() as Worker;
            const next = waiting.shift() as Waiting;
            const id = nextId++;
            running.set(id, next);
            worker.postMessage({ id, job: next.job } satisfies Order);
        }
    }

    function runNext(): void {
        const next = waiting.shift();
        if (next === undefined) {
            return;
        }
        runHere ??= makeRunner(table);
        try {
            next.resolve(runHere(next.job));
        } catch (error) {
            next.reject(error as Error);
        }
        if (waiting.length > 0) {
            schedule();
        }
    }

    function start(): void {
        runHere = undefined;
        const worker = new Worker(file, { workerData: table, resourceLimits: RESOURCE_LIMITS });
        worker.on("message", (answer: Answer) => {
            const asked = running.get(answer.id);
            running.delete(answer.id);
            idle.push(worker);
            if ("error" in answer) {
                asked?.reject(answer.error);
            } else {
                asked?.resolve(answer.result);
            }
            dispatch();
        });
        worker.on("error", fail);
        worker.on("exit", (code) =>
            fail(new Error(`A training thread exited with code ${code} before its work was done`)),
        );
        workers.push(worker);
        idle.push(worker);
    }

    /** Rejects all jobs that are running or waiting. */
    function fail(error: Error): void {
        failure ??= error;
        for (const { reject } of [...running.values(), ...waiting.splice(0)]) {
            reject(failure);
        }
        running.clear();
    }

    return {
        expect(ms) {
            expectedMs += ms;
            return () => {
                expectedMs -= ms;
            };
        },
        run: (job) =>
            new Promise((resolve, reject) => {
                if (failure !== undefined) {
                    reject(failure);
                    return;
                }
                waiting.push({ job, resolve, reject });
                schedule();
            }),
        async close() {
            fail(new Error("The pool of training threads was closed"));
            await Promise.all(workers.map((worker) => worker.terminate()));
        },
    };
}

/** A message to a thread. */
interface Order {
    id: number;
    job: Job;
}

/** A message from a thread. */
type Answer = { id: number; result: JobResult } | { id: number; error: Error };

/**
 * The thread's side of the pool: runs jobs until the pool ends the thread. The program whose file is given to
 * `openFitPool` calls it when it runs in a worker thread.
 */
export function serveFits(): void {
    const run = makeRunner(workerData as FitTable);
    parentPort?.on("message", ({ id, job }: Order) => {
        try {
            const result = run(job);
            parentPort?.postMessage({ id, result } satisfies Answer, result.trees.flatMap(buffersOf));
        } catch (error) {
            parentPort?.postMessage({ id, error: error as Error } satisfies Answer);
        }
    });
}
