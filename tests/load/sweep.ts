import { readRows } from "../../run/sweep-rows";
import type { JobScene } from "../boot/helpers/emulated-job";
import {
    checkedTable,
    repeatedTasks,
    type SweepOptions,
    TRIVIAL,
    waitHalfway,
    withSweepJob,
} from "../boot/helpers/emulated-sweep";
import { RUN_ID } from "../boot/helpers/vm";

/** Maximum memory in MB that the emulator and the waiter may use together, whatever the number of points. */
const MOST_MEMORY_MB = 1000;
const PARALLELISM = 20;
/** Batch's limits per minute and region. https://docs.cloud.google.com/batch/quotas */
const LIMITS = { reads: 15_000, changes: 6_000 };

/** Counts the requests from tasks, and finds the maximum number of requests to Batch in one minute. */
class Requests {
    ofTasks = 0;
    readonly #toBatch = { reads: new Map<number, number>(), changes: new Map<number, number>() };

    add(line: string): void {
        const [method = "", target = ""] = line.split(" ");
        if (target.startsWith("/batch/v1/")) {
            const counts = this.#toBatch[method === "GET" ? "reads" : "changes"];
            const minute = Math.floor(performance.now() / 60_000);
            counts.set(minute, (counts.get(minute) ?? 0) + 1);
        } else if (/ \(.*\)$/.test(line)) {
            this.ofTasks++;
        }
    }

    most(kind: keyof typeof LIMITS): number {
        return Math.max(0, ...this.#toBatch[kind].values());
    }
}

/** Runs a sweep in which some points fail or are preempted, and the waiter is killed halfway. */
export async function disturbedSweep(points: number): Promise<string> {
    return await measured({ points, maxFailedTasks: Math.ceil(points / 10) }, async (scene) => {
        await waitHalfway(scene, points);
        await untilEnded(scene);
        await scene.wait(() => undefined);
        await checkedTable(scene, points);
    });
}

/** Runs a sweep of trivial points, with a waiter. */
export async function trivialSweep(points: number): Promise<string> {
    return await measured({ points, maxFailedTasks: 0, trainer: TRIVIAL }, waitForAll);
}

/** Runs an array of trivial tasks, with a waiter. */
export async function trivialArray(points: number): Promise<string> {
    return await measured({ points, maxFailedTasks: 0, trainer: TRIVIAL, isArray: true }, waitForAll);
}

/** @throws an error if a point fails */
async function waitForAll({ wait }: JobScene): Promise<void> {
    await wait(() => undefined);
}

/** Measures a sweep whose waiter polls as often as on Google Cloud. */
async function measured(
    options: Pick<SweepOptions, "points" | "maxFailedTasks" | "trainer" | "isArray">,
    run: (scene: JobScene) => Promise<void>,
): Promise<string> {
    const requests = new Requests();
    const { points, isArray = false } = options;
    const parallelism = Math.min(PARALLELISM, points);
    const began = performance.now();
    let memory = 0;
    let line = "";
    const timer = setInterval(() => {
        memory = Math.max(memory, process.memoryUsage().rss / 1e6);
    }, 1000);
    try {
        const log = (text: string) => requests.add(text);
        await withSweepJob({ ...options, parallelism, speed: 1, log }, async (scene) => {
            await scene.engine.start(3);
            await run(scene);
            const rows = await readRows(scene.bucket, RUN_ID);
            const succeeded = rows.filter(({ state }) => state === "SUCCEEDED").length;
            const retried = rows.filter(({ attempts }) => attempts > 1).length;
            const repeated = await repeatedTasks(scene);
            if (rows.length !== points) {
                throw new Error(`there must be ${points} rows; got ${rows.length}`);
            }
            const seconds = (performance.now() - began) / 1000;
            line =
                `${isArray ? "array" : "sweep"} of ${points} ${isArray ? "tasks" : "points"}, ${parallelism} at a time: ` +
                `${succeeded} succeeded, ${points - succeeded} failed, ${repeated} repeated by Batch, ` +
                `${retried} of them from a checkpoint, in ${seconds.toFixed(0)} s (${(seconds / points).toFixed(2)} s each); ` +
                `at most ${requests.most("reads")} reads and ${requests.most("changes")} changes a minute in Batch, ` +
                `which allows ${LIMITS.reads} and ${LIMITS.changes}; ` +
                `${(requests.ofTasks / points).toFixed(1)} requests per task; ${memory.toFixed(0)} MB of memory`;
        });
    } finally {
        clearInterval(timer);
    }
    if (memory > MOST_MEMORY_MB) {
        throw new Error(`${line}, which is more than ${MOST_MEMORY_MB} MB`);
    }
    if (requests.most("reads") > LIMITS.reads || requests.most("changes") > LIMITS.changes) {
        throw new Error(`${line}, which is more than Batch allows`);
    }
    return line;
}

async function untilEnded({ engine, clock }: JobScene): Promise<void> {
    while ((await engine.state()).phase !== "ended") {
        await clock.sleep(5000);
    }
}
