import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { cancelRun } from "../../cli/runs/cancel-run";
import { BatchFaults, parseBatchFault } from "../../emulator/src/faults/batch-rule";
import { batchEngine } from "../../run/batch-engine";
import { batchJobProvider } from "../../run/batch-job-provider";
import { getJob } from "../../run/batch-jobs";
import { runLayout } from "../../run/layout";
import { savedResultsProvider } from "../../run/saved-results-provider";
import { renderStatus } from "../../run/status";
import { isDecided, readRows } from "../../run/sweep-rows";
import { statusOf } from "../run/fakes";
import { type JobScene, PLACE, withJob } from "./helpers/emulated-job";
import { RUN_ID } from "./helpers/vm";

const JOB = `/batch/v1/projects/${PLACE.project}/locations/${PLACE.region}/jobs/${PLACE.jobId}`;
const FINISHED = "p-0000000000";

/** States of a Batch job, and the engine's phase in each of them. */
const PHASES = {
    QUEUED: "starting",
    SCHEDULED: "starting",
    RUNNING: "running",
    SUCCEEDED: "ended",
    FAILED: "ended",
    CANCELLATION_IN_PROGRESS: "stopping",
    CANCELLED: "ended",
    DELETION_IN_PROGRESS: "stopping",
    deleted: "gone",
} as const;
type State = keyof typeof PHASES;
const STATES = Object.keys(PHASES) as State[];
const SHAPES = ["run", "sweep"] as const;
const ROWS = SHAPES.flatMap((shape) => STATES.map((state) => [shape, state] as const));

/** A job in a certain state, and the folder in which its run's results are saved. */
interface Held extends JobScene {
    folder: string;
    /** Removes the faults that keep the job in its state. */
    release: () => void;
}

/** Puts the job of a run, or of a sweep in which one point finishes, into a state and keeps it there. */
async function withState(
    shape: (typeof SHAPES)[number],
    state: State,
    test: (held: Held) => Promise<void>,
): Promise<void> {
    const faults = new BatchFaults();
    const hold = (rule: string) => faults.add(parseBatchFault(rule));
    const point = (index: number) => ({ id: `p-000000000${index}`, arguments: { index }, args: [`--index=${index}`] });
    const sweep = { points: [0, 1].map(point), metric: "", goal: "maximize" as const, maxFailedTasks: 0 };
    const shell = `echo begun; case "${state} $*" in (SUCCEEDED* | *index=0*) exit ;; esac; sleep 600; :`;
    const options = {
        trainer: { shell },
        config: { maxAttempts: 1, ...(shape === "sweep" ? { sweep } : {}) },
        batch: { faults, queueTicks: 100_000 },
    };
    const folder = mkdtempSync(path.join(tmpdir(), "batch-states-"));
    try {
        await withJob(options, async (scene) => {
            const { emulator, apis, bucket, engine, clock } = scene;
            const untilTrue = async (condition: () => Promise<boolean>) => {
                while (!(await condition())) {
                    await clock.sleep(1000);
                }
            };
            const jobState = async () => {
                const job = await getJob(apis, PLACE, 1);
                return job === undefined ? "deleted" : job.status?.state;
            };
            const untilTraining = async () => {
                const runs = [RUN_ID, ...(shape === "sweep" ? [`${RUN_ID}/points/p-0000000001`] : [])];
                const isRunning = async (run: string) =>
                    (await scene.vm.backend.bucket.get(runLayout(run).status))?.includes('"RUNNING"') === true;
                await untilTrue(async () => (await Promise.all(runs.map(isRunning))).every(Boolean));
                await untilTrue(
                    async () => shape === "run" || (await readRows(bucket, RUN_ID)).filter(isDecided).length === 1,
                );
            };
            hold(
                state === "QUEUED"
                    ? "kind=quota,ticks=all"
                    : state === "SCHEDULED"
                      ? "kind=stock-out,ticks=all"
                      : "kind=slow-delete,ticks=0",
            );
            const pending = statusOf({ runId: RUN_ID, state: "PENDING", bootId: null, startedAt: null });
            await bucket.write(runLayout(RUN_ID).status, renderStatus(pending), "0");
            await engine.start(1);
            if (PHASES[state] !== "starting" && state !== "SUCCEEDED") {
                await untilTraining();
            }
            if (state.endsWith("_IN_PROGRESS")) {
                faults.clear();
                hold("kind=slow-delete,ticks=all");
            }
            if (state === "FAILED") {
                hold(`kind=unresponsive,attempts=all,task=${shape === "sweep" ? 1 : 0}`);
            } else if (state.startsWith("CANCEL")) {
                await emulator.ok("POST", `${JOB}:cancel`, { body: {} });
            } else if (state === "DELETION_IN_PROGRESS" || state === "deleted") {
                await emulator.ok("DELETE", JOB);
            }
            await untilTrue(async () => (await jobState()) === state);
            await test({ ...scene, folder, release: () => faults.clear() });
        });
    } finally {
        rmSync(folder, { recursive: true });
    }
}

/** Returns the phase as seen by a command that did not create the job itself. */
async function phaseOf({ apis, inputs }: Held): Promise<string> {
    return (await batchEngine(apis, inputs).state()).phase;
}

/** Refreshes the resource as Pulumi does. Returns its state, or nothing if `pulumi up` must create the job. */
async function refresh({ inputs, setting }: Held): Promise<unknown> {
    await batchJobProvider.configure?.({ config: { get: setting } } as never);
    return await batchJobProvider.read?.(inputs.jobId, inputs);
}

/** Runs `npm run runs -- cancel`, and returns what it printed, or the message of its error. */
async function cancel({ bucket, inputs, setting, settings, release }: Held): Promise<string[]> {
    const printed: string[] = [];
    const run = { runId: RUN_ID, project: inputs.project, zone: "", instance: "", batch: inputs };
    const stack = { bucket: inputs.bucket, stack: "dev", resultsDir: "models", saveCheckpoints: false };
    const context = { projectDir: "", packageDir: "", env: {}, print: (line: string) => printed.push(line) };
    const cancelled = cancelRun(bucket, { ...stack, settings, config: setting, runs: [run] }, RUN_ID, context);
    release();
    await cancelled.catch((error: Error) => printed.push(error.message));
    return printed;
}

/** Does what `pulumi destroy` does: deletes the job, then saves what has not been saved. Returns what it printed. */
async function destroy({ inputs, setting, folder, release }: Held): Promise<string[]> {
    const print = jest.spyOn(console, "log").mockImplementation(() => undefined);
    try {
        for (const provider of [batchJobProvider, savedResultsProvider]) {
            await provider.configure?.({ config: { get: setting } } as never);
        }
        const deleted = batchJobProvider.delete?.(inputs.jobId, inputs);
        release();
        await deleted;
        await savedResultsProvider.delete?.("", { bucket: inputs.bucket, stack: "dev", resultsDir: folder });
        return print.mock.calls.map(([line]) => String(line));
    } finally {
        print.mockRestore();
    }
}

/** Machines and jobs that still exist. */
async function leftOf({ emulator }: Held): Promise<string[]> {
    const left = (await emulator.inventory()).filter(({ kind }) => /instance|disk|batch job/.test(kind));
    return left.map(({ kind, name }) => `${kind} ${name}`);
}

async function expectDestroyed(held: Held, shape: string, state: State, runState: string): Promise<void> {
    const printed = await destroy(held);

    expect(await leftOf(held)).toEqual([]);
    expect(printed.at(-1)).toMatch(runState === "SUCCEEDED" ? /saved to|already in/ : runState);
    const at = (...names: string[]) => path.join(held.folder, "dev", RUN_ID, ...names);
    expect(JSON.parse(readFileSync(at("status.json"), "utf8"))).toMatchObject({ state: runState });
    const isTrained = PHASES[state] !== "starting";
    if (shape === "sweep" && isTrained) {
        expect(readFileSync(at("points", FINISHED, "trainer.log"), "utf8")).toContain("begun");
        expect(JSON.parse(readFileSync(at("points", FINISHED, "status.json"), "utf8"))).toMatchObject({
            state: "SUCCEEDED",
        });
    }
    expect(existsSync(at("sweep.json"))).toBe(shape === "sweep" && runState === "SUCCEEDED");
}

describe.each(ROWS)("a %s whose Batch job is %s", (shape, state) => {
    const stateOfRun = state === "SUCCEEDED" ? state : PHASES[state] === "starting" ? "PENDING" : "RUNNING";

    it("survives a refresh unless the job is gone; destroy saves what has finished and leaves nothing behind", async () => {
        await withState(shape, state, async (held) => {
            expect(await phaseOf(held)).toBe(PHASES[state]);
            const kept = { id: held.inputs.jobId, props: held.inputs };
            expect(await refresh(held)).toEqual(state === "deleted" ? {} : kept);

            await expectDestroyed(held, shape, state, stateOfRun);
        });
    });

    it("is cancelled unless it has ended, and can then be destroyed", async () => {
        await withState(shape, state, async (held) => {
            const printed = await cancel(held);

            if (state === "SUCCEEDED") {
                expect(printed).toEqual([`The run ${RUN_ID} is already SUCCEEDED (npm run runs)`]);
                return;
            }
            const job = `the Batch job ${PLACE.jobId}`;
            expect(printed).toEqual([
                `run ${RUN_ID}: cancelled; ending ${job}`,
                `run ${RUN_ID}: ${job} has ended; \`pulumi up\` continues the run from its checkpoint`,
            ]);
            const isGone = PHASES[state] === "gone" || state === "DELETION_IN_PROGRESS";
            expect(await phaseOf(held)).toBe(isGone ? "gone" : "ended");
            expect((await leftOf(held)).filter((item) => !item.startsWith("batch job"))).toEqual([]);
            expect(await held.vm.status()).toMatchObject({
                state: "FAILED",
                reason: expect.stringContaining("cancelled"),
            });

            await expectDestroyed(held, shape, state, "FAILED");
        });
    });
});
