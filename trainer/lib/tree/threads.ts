import { parentPort, Worker, workerData } from "node:worker_threads";
import { buffersOf } from "./flat-tree";
import { type Job, type JobResult, makeRunner } from "./jobs";
import type { FitTable } from "./types";

interface ThreadsOptions {
    file: string;
    /** Maximum number of worker threads. */
    count: number;
    /** See FitPoolOptions. */
    inThreadMs: number;
}

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
export class Threads {
    readonly count: number;
    readonly #idle: Worker[] = [];
    readonly #workers: Worker[] = [];
    readonly #waiting: Waiting[] = [];
    readonly #running = new Map<number, Waiting>();
    #runHere: ReturnType<typeof makeRunner> | undefined;
    #expectedMs = 0;
    #nextId = 0;
    #isScheduled = false;
    #failure: Error | undefined;

    readonly #table: FitTable;
    readonly #options: ThreadsOptions;

    constructor(table: FitTable, options: ThreadsOptions) {
        this.#table = table;
        this.#options = options;

        this.count = options.count;
    }

    /**
     * Announces work, so that the pool can tell before the first job whether starting threads is worthwhile.
     * @returns a function to call when the work is done
     */
    expect(ms: number): () => void {
        this.#expectedMs += ms;
        return () => {
            this.#expectedMs -= ms;
        };
    }

    /** Jobs start in the order of the calls. */
    run(job: Job): Promise<JobResult> {
        return new Promise((resolve, reject) => {
            if (this.#failure !== undefined) {
                reject(this.#failure);
                return;
            }
            this.#waiting.push({ job, resolve, reject });
            this.#schedule();
        });
    }

    async close(): Promise<void> {
        this.#fail(new Error("The pool of training threads was closed"));
        await Promise.all(this.#workers.map((worker) => worker.terminate()));
    }

    /** Dispatches later, because more jobs may arrive in this turn, and other events must be handled between jobs. */
    #schedule(): void {
        if (!this.#isScheduled) {
            this.#isScheduled = true;
            setImmediate(() => {
                this.#isScheduled = false;
                this.#dispatch();
            });
        }
    }

    #dispatch(): void {
        if (this.#workers.length === 0 && this.#expectedMs <= this.#options.inThreadMs) {
            this.#runNext();
            return;
        }
        while (this.#workers.length < this.count && this.#idle.length < this.#waiting.length) {
            this.#start();
        }
        while (this.#idle.length > 0 && this.#waiting.length > 0) {
            const worker = this.#idle.pop() as Worker;
            const next = this.#waiting.shift() as Waiting;
            const id = this.#nextId++;
            this.#running.set(id, next);
            worker.postMessage({ id, job: next.job } satisfies Order);
        }
    }

    #runNext(): void {
        const next = this.#waiting.shift();
        if (next === undefined) {
            return;
        }
        this.#runHere ??= makeRunner(this.#table);
        try {
            next.resolve(this.#runHere(next.job));
        } catch (error) {
            next.reject(error as Error);
        }
        if (this.#waiting.length > 0) {
            this.#schedule();
        }
    }

    /** Starts one more thread. */
    #start(): void {
        this.#runHere = undefined;
        const worker = new Worker(this.#options.file, { workerData: this.#table, resourceLimits: RESOURCE_LIMITS });
        worker.on("message", (answer: Answer) => this.#take(worker, answer));
        worker.on("error", (error) => this.#fail(error));
        worker.on("exit", (code) =>
            this.#fail(new Error(`A training thread exited with code ${code} before its work was done`)),
        );
        this.#workers.push(worker);
        this.#idle.push(worker);
    }

    #take(worker: Worker, answer: Answer): void {
        const asked = this.#running.get(answer.id);
        this.#running.delete(answer.id);
        this.#idle.push(worker);
        if ("error" in answer) {
            asked?.reject(answer.error);
        } else {
            asked?.resolve(answer.result);
        }
        this.#dispatch();
    }

    /** Rejects all jobs that are running or waiting. */
    #fail(error: Error): void {
        this.#failure ??= error;
        for (const { reject } of [...this.#running.values(), ...this.#waiting.splice(0)]) {
            reject(this.#failure);
        }
        this.#running.clear();
    }
}

/** A message to a thread. */
interface Order {
    id: number;
    job: Job;
}

/** A message from a thread. */
type Answer = { id: number; result: JobResult } | { id: number; error: Error };

/**
 * The thread's side of the pool: runs jobs until the pool ends the thread. The program whose file is given to `openFitPool`
 * calls it when it runs in a worker thread.
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
