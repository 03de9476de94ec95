import { runLayout } from "../../run/layout";
import type { SweepTable } from "../../run/sweep-results";
import type { JobScene } from "../boot/helpers/emulated-job";
import { checkedTable, repeatedTasks, TRIVIAL, waitHalfway, withSweepJob } from "../boot/helpers/emulated-sweep";
import { RUN_ID } from "../boot/helpers/vm";

/** The most memory in MB that the emulator and the waiter may use together, for any number of points. */
const MOST_MEMORY_MB = 1000;
const PARALLELISM = 20;

/** Counts the requests to Batch and those from tasks, and finds the most requests to Batch in one minute. */
class Requests {
    ofTasks = 0;
    toBatch = 0;
    readonly #perMinute = new Map<number, number>();

    add(line: string): void {
        if (/^\S+ \/batch\/v1\//.test(line)) {
            this.toBatch++;
            const minute = Math.floor(performance.now() / 60_000);
            this.#perMinute.set(minute, (this.#perMinute.get(minute) ?? 0) + 1);
        } else if (/ \(.*\)$/.test(line)) {
            this.ofTasks++;
        }
    }

    get most(): number {
        return Math.max(0, ...this.#perMinute.values());
    }
}

/** Runs a sweep in which some points fail or are preempted, and the waiter is killed halfway. */
export async function disturbedSweep(points: number): Promise<string> {
    return await measured(points, undefined, async (scene) => {
        await waitHalfway(scene, points);
        await untilEnded(scene);
        await scene.wait(() => undefined);
        return await checkedTable(scene, points);
    });
}

/** Runs a sweep of trivial points, with a waiter. */
export async function trivialSweep(points: number): Promise<string> {
    return await measured(points, TRIVIAL, async (scene) => {
        await scene.wait(() => undefined);
        return JSON.parse((await scene.vm.backend.bucket.get(runLayout(RUN_ID).table)) ?? "{}") as SweepTable;
    });
}

async function measured(
    points: number,
    trainer: string | undefined,
    run: (scene: JobScene) => Promise<SweepTable>,
): Promise<string> {
    const requests = new Requests();
    const parallelism = Math.min(PARALLELISM, points);
    const maxFailedTasks = Math.ceil(points / 10);
    const began = performance.now();
    let memory = 0;
    let line = "";
    const timer = setInterval(() => {
        memory = Math.max(memory, process.memoryUsage().rss / 1e6);
    }, 1000);
    try {
        const options = { points, parallelism, maxFailedTasks, ...(trainer === undefined ? {} : { trainer }) };
        await withSweepJob({ ...options, log: (text) => requests.add(text) }, async (scene) => {
            await scene.engine.start(3);
            const { counts, points: rows } = await run(scene);
            const retried = rows.filter(({ attempts }) => (attempts ?? 1) > 1).length;
            const repeated = await repeatedTasks(scene);
            if (counts.points !== points || (trainer !== undefined && counts.failed > 0)) {
                throw new Error(`the table is wrong: ${JSON.stringify(counts)}`);
            }
            const seconds = ((performance.now() - began) / 1000).toFixed(0);
            line =
                `sweep of ${points} points, ${parallelism} at a time: ${counts.succeeded} succeeded, ${counts.failed} failed, ` +
                `${repeated} repeated by Batch, ${retried} of them from a checkpoint, in ${seconds} s; at most ${requests.most} requests a minute to Batch, ` +
                `${(requests.ofTasks / points).toFixed(1)} requests per task; ${memory.toFixed(0)} MB of memory`;
        });
    } finally {
        clearInterval(timer);
    }
    if (memory > MOST_MEMORY_MB) {
        throw new Error(`${line}, which is more than ${MOST_MEMORY_MB} MB`);
    }
    return line;
}

async function untilEnded({ engine, clock }: JobScene): Promise<void> {
    while ((await engine.state()).phase !== "ended") {
        await clock.sleep(10_000);
    }
}
