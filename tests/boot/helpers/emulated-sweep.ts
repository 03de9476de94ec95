import { BatchFaults, parseBatchFault } from "../../../emulator/src/faults/batch-rule";
import type { BootConfig } from "../../../infra/user-data";
import { pointRun, runLayout } from "../../../run/layout";
import { renderStatus } from "../../../run/status";
import type { SweepTable } from "../../../run/sweep-results";
import { statusOf } from "../../run/fakes";
import { type JobOptions, type JobScene, PLACE, withJob } from "./emulated-job";
import type { Trainer } from "./emulated-vm";
import { RUN_ID } from "./vm";

/** A point fails if its index divided by this number leaves a remainder of 7. */
const FAIL_EVERY = 20;

/** A point's VM is preempted if its index is a multiple of this number. */
const PREEMPT_EVERY = 10;

/**
 * A trainer that fails for some points. Its metric depends on its argument. Every tenth point writes a checkpoint, and
 * then waits until its VM is preempted. Its next attempt finds the checkpoint.
 */
const TRAINER = `
const metadata = "http://" + process.env.GCE_METADATA_HOST + "/computeMetadata/v1/instance/service-accounts/default/token";
const index = Number(process.argv.find((word) => word.startsWith("--index=")).slice(8));
const [, bucket, model] = /^gs:\\/\\/([^/]+)\\/(.*)$/.exec(process.env.AIP_MODEL_DIR);
const checkpoint = model.replace("/model/", "/checkpoints/") + "seen";
async function main() {
    if (index % ${FAIL_EVERY} === 7) {
        console.error("point " + index + " is bad");
        process.exit(65);
    }
    const answer = await fetch(metadata, { headers: { "Metadata-Flavor": "Google" } });
    const headers = { authorization: "Bearer " + (await answer.json()).access_token };
    const url = process.env.STORAGE_EMULATOR_HOST + "/upload/storage/v1/b/" + bucket + "/o?uploadType=media&name=";
    const put = (name, body) => fetch(url + encodeURIComponent(name), { method: "POST", headers, body });
    if (index % ${PREEMPT_EVERY} === 0) {
        const seen = await fetch(process.env.STORAGE_EMULATOR_HOST + "/storage/v1/b/" + bucket + "/o/" + encodeURIComponent(checkpoint), { headers });
        if (!seen.ok) {
            await put(checkpoint, "1");
            await new Promise((resolve) => setTimeout(resolve, 600_000));
        }
    }
    await put(model + "metrics.json", JSON.stringify({ score: ((index * 37) % 101) / 101 }));
    console.log("trained point " + index);
}
main();
`;

/** A trainer that does nothing. */
export const TRIVIAL = { shell: "echo done" };

const pointId = (index: number) => `p-${String(index).padStart(10, "0")}`;
const scoreOf = (index: number) => ((index * 37) % 101) / 101;

/** Options for a sweep in the emulator. */
export interface SweepOptions extends Pick<JobOptions, "log" | "speed"> {
    points: number;
    parallelism: number;
    maxFailedTasks: number;
    /** Replaces the trainer above, for example with one that has no metric. */
    trainer?: Trainer;
    /** True for an array, whose tasks are all alike. */
    isArray?: boolean;
    notification?: BootConfig["notification"];
}

/** Declares a sweep, and runs `test`, which starts the job. */
export async function withSweepJob(options: SweepOptions, test: (scene: JobScene) => Promise<void>): Promise<void> {
    const { points, parallelism, maxFailedTasks, trainer = TRAINER, isArray = false, notification, ...rest } = options;
    const faults = new BatchFaults();
    const log = (line: string) => {
        rest.log?.(line);
        const index = /^POST \/upload\S*%2Fp-0*(\d+)%2Fcheckpoints%2Fseen 200 /.exec(line)?.[1];
        if (index !== undefined) {
            faults.add(parseBatchFault(`kind=preempt,task=${index}`));
        }
    };
    const pointAt = (index: number) => ({
        id: pointId(index),
        arguments: { index, half: index % 2 === 0 },
        args: [`--index=${index}`],
    });
    const taskAt = (index: number) => ({ id: String(index), arguments: {}, args: [] });
    const sweep = {
        isArray,
        points: Array.from({ length: points }, (_, index) => (isArray ? taskAt : pointAt)(index)),
        metric: trainer === TRAINER ? "score" : "",
        goal: "maximize" as const,
        maxFailedTasks,
    };
    const job = {
        ...rest,
        log,
        trainer,
        parallelism,
        config: { sweep, notification },
        batch: { faults, maxVms: parallelism, preemptionMs: 3000 },
    };
    await withJob(job, async (scene) => {
        const at = runLayout(RUN_ID);
        const list = sweep.points.map(({ id, arguments: given }) => ({ id, arguments: given }));
        await scene.bucket.write(at.pointList, JSON.stringify(list), "0");
        const pending = statusOf({ runId: RUN_ID, state: "PENDING", bootId: null, startedAt: null });
        await scene.bucket.write(at.status, renderStatus(pending), "0");
        await test(scene);
    });
}

/**
 * Reads the table, and compares each row with what its trainer did.
 * @throws an error that names the first wrong row
 */
export async function checkedTable({ vm }: JobScene, points: number): Promise<SweepTable> {
    const at = runLayout(RUN_ID);
    const table = JSON.parse((await vm.backend.bucket.get(at.table)) ?? "{}") as SweepTable;
    const scores = Array.from({ length: points }, (_, index) => index).filter((index) => index % FAIL_EVERY !== 7);
    const best = scores.reduce((found, index) => (scoreOf(index) > scoreOf(found) ? index : found));
    expectEqual("best", table.best, pointId(best));
    expectEqual("points", table.points.length, points);
    for (const [index, row] of table.points.entries()) {
        const fails = index % FAIL_EVERY === 7;
        const { point, state, exitCode, metric, arguments: given } = row;
        const expected = [
            pointId(index),
            fails ? "FAILED" : "SUCCEEDED",
            fails ? 65 : 0,
            fails ? null : scoreOf(index),
        ];
        expectEqual(`row ${index}`, [point, state, exitCode, metric, given.index], [...expected, index]);
        const status = await vm.backend.bucket.get(runLayout(pointRun(RUN_ID, point)).status);
        expectEqual(`state of row ${index}`, JSON.parse(status ?? "{}").state, state);
        const attempts = index % PREEMPT_EVERY === 0 ? 2 : 1;
        expectEqual(
            `attempts of row ${index}`,
            [row.attempts, JSON.parse(status ?? "{}").attempt],
            [attempts, attempts],
        );
    }
    expectEqual(
        "model",
        await vm.backend.bucket.get(`${at.model}metrics.json`),
        JSON.stringify({ score: scoreOf(best) }),
    );
    return table;
}

/** The number of tasks that Batch has retried. */
export async function repeatedTasks({ apis }: JobScene): Promise<number> {
    const { project, region, jobId } = PLACE;
    const url = `${apis.endpoints.batch}projects/${project}/locations/${region}/jobs/${jobId}/taskGroups/group0/tasks`;
    const { tasks = [] } = ((await apis.call("GET", `${url}?pageSize=1000`)) ?? {}) as {
        tasks?: { status?: { statusEvents?: { description?: string }[] } }[];
    };
    const isRepeated = (text = "") => text.includes("from FAILED to PENDING");
    return tasks.filter(({ status }) => status?.statusEvents?.some(({ description }) => isRepeated(description)))
        .length;
}

function expectEqual(what: string, actual: unknown, expected: unknown): void {
    if (JSON.stringify(actual) !== JSON.stringify(expected)) {
        throw new Error(`${what} must be ${JSON.stringify(expected)}; got ${JSON.stringify(actual)}`);
    }
}

/**
 * Waits for a sweep, and stops like a killed command once half of the points are done.
 * @returns the lines that were printed
 */
export async function waitHalfway({ wait, clock, speed }: JobScene, points: number): Promise<string[]> {
    const lines: string[] = [];
    const isHalf = () => lines.some((line) => Number(/: (\d+) of /.exec(line)?.[1] ?? 0) >= points / 2);
    const killed = new Error("killed");
    const sleep = async (ms: number) => {
        if (isHalf()) {
            throw killed;
        }
        await clock.sleep(ms);
    };
    // The waiter prints a count every ten seconds by its own clock.
    const now = () => clock.now() * speed;
    await wait((line) => lines.push(line), { now, sleep }).catch((error: unknown) => {
        if (error !== killed) {
            throw error;
        }
    });
    return lines;
}
