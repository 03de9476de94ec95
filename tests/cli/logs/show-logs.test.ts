import { showLogs } from "../../../cli/logs/show-logs";
import { UsageError } from "../../../cli/shared/usage-error";
import { type LoneBucket, startTestBucket } from "../../../emulator/src/testing";
import type { Clock } from "../../../run/clients";
import { type RunStatus, renderStatus } from "../../../run/status";
import { statusOf } from "../../run/fakes";
import { emulatorConfig, TestProject } from "../shared/test-project";

const DONE = "r-000000000a";
const NEXT = "r-000000000b";

let bucket: LoneBucket;
let project: TestProject;

beforeAll(async () => {
    bucket = await startTestBucket("logs");
    await putLog(DONE, 1, 0, "first\nunfinished");
    await putLog(DONE, 2, 0, "\x1b[31msecond\x1b[0m\n\x1b]0;title\x07\n");
    await putLog(DONE, 2, 40, `${"x".repeat(2_000_000)}\nafter the gap and the long line\n`);
    await putStatus(DONE, { state: "SUCCEEDED", attempt: 2, finishedAt: "2026-01-01T00:02:00Z" });
});
afterAll(() => bucket.stop());

beforeEach(() => {
    project = new TestProject();
    deploy();
});
afterEach(() => project.remove());

const putLog = (runId: string, attempt: number, firstByte: number, text: string) =>
    bucket.put(`runs/${runId}/log/${attempt}/${String(firstByte).padStart(12, "0")}.txt`, text);
const putStatus = (runId: string, change: Partial<RunStatus>) =>
    bucket.put(`runs/${runId}/status.json`, renderStatus(statusOf({ runId, ...change })));

/** Makes `pulumi` describe a stack whose update is waiting for this run. */
function deploy(waitedFor?: string): void {
    const saved = { bucket: bucket.name, stack: "dev", resultsDir: "models" };
    const config = Object.entries(emulatorConfig(bucket.anonymousEndpoint)).map(([key, value]) => [key, { value }]);
    project.pulumi({
        "stack export --stack dev --non-interactive": {
            deployment: {
                resources: [{ type: "pulumi-nodejs:dynamic/gcp-trainer:SavedResults", outputs: saved }],
                pending_operations: waitedFor && [
                    { resource: { type: "gcp:storage/bucket:Bucket", inputs: { runId: "not a run" } } },
                    {
                        resource: {
                            type: "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun",
                            inputs: { runId: waitedFor },
                        },
                    },
                ],
            },
        },
        "config --json --show-secrets --stack dev --non-interactive": Object.fromEntries(config),
    });
}

/** A clock that performs the next step at each pause. */
function clockWith(...steps: (() => Promise<unknown>)[]): Clock {
    return {
        now: () => Date.now(),
        sleep: async () => {
            const step = steps.shift();
            if (step === undefined) {
                throw new Error("the command waits although nothing will change");
            }
            await step();
        },
    };
}

async function logs(args: string[], clock = clockWith()): Promise<string[]> {
    await expect(showLogs(["-s", "dev", ...args], project.context, clock)).resolves.toBe(0);
    return project.printed;
}

const ofDone = [
    `===== run ${DONE}, attempt 1 =====`,
    "first",
    "unfinished",
    `===== run ${DONE}, attempt 2 =====`,
    "\x1b[31msecond\x1b[0m",
    "\\x1b]0;title\\x07",
    "[13 bytes of the log are missing here]",
    `${"x".repeat(1000)} [long line truncated here]`,
    "after the gap and the long line",
    `run ${DONE}, attempt 2: succeeded at 2026-01-01T00:02:00Z, before this command`,
];

describe("npm run logs", () => {
    it("prints the log of a run that has ended, with a heading for each attempt", async () => {
        await expect(logs([])).resolves.toEqual(ofDone);
    });

    it("ends even with --follow if the run has already ended", async () => {
        await expect(logs(["--follow", "--run", DONE])).resolves.toEqual(ofDone);
    });

    it("follows the run that `pulumi up` is waiting for, from before its start until the end of its last attempt", async () => {
        deploy(NEXT);
        const steps = clockWith(
            () => putStatus(NEXT, { state: "RUNNING" }),
            () => putLog(NEXT, 1, 0, "one\ntw"),
            () => putLog(NEXT, 1, 6, "o\n"),
            () => putStatus(NEXT, { state: "INTERRUPTED" }),
            async () => {
                await putLog(NEXT, 3, 0, "three\n");
                await putStatus(NEXT, { state: "RUNNING", attempt: 3 });
            },
            () => putStatus(NEXT, { state: "FAILED", attempt: 3 }),
        );

        await expect(logs(["-f"], steps)).resolves.toEqual([
            `run ${NEXT} has not started yet; waiting for its VM`,
            `===== run ${NEXT}, attempt 1 =====`,
            `run ${NEXT}, attempt 1: training`,
            "one",
            "two",
            `run ${NEXT}, attempt 1: interrupted`,
            `===== run ${NEXT}, attempt 2 =====`,
            `===== run ${NEXT}, attempt 3 =====`,
            "three",
            `run ${NEXT}, attempt 3: training`,
            `run ${NEXT}, attempt 3: failed`,
        ]);
    });

    it("prints the log so far of a run that has not ended, without waiting", async () => {
        await putStatus(NEXT, { state: "RUNNING", attempt: 1 });
        const printed = await logs(["--run", NEXT]);

        expect(printed.slice(0, 3)).toEqual([`===== run ${NEXT}, attempt 1 =====`, "one", "two"]);
    });

    it("prints the log of one point of a sweep, by its id or its number", async () => {
        const sweep = "r-000000000c";
        const ids = ["p-000000000a", "p-000000000b"];
        await bucket.put(`runs/${sweep}/plan/points.json`, JSON.stringify(ids.map((id) => ({ id, arguments: {} }))));
        await putStatus(sweep, { state: "RUNNING" });
        const point = `${sweep}/points/${ids[1]}`;
        await putLog(point, 1, 0, "trained\n");
        await putStatus(point, { state: "SUCCEEDED", finishedAt: "2026-01-01T00:02:00Z" });
        const expected = [
            `===== run ${point}, attempt 1 =====`,
            "trained",
            `run ${point}, attempt 1: succeeded at 2026-01-01T00:02:00Z, before this command`,
        ];

        await expect(logs(["--run", sweep, "--follow", "--point", ids[1] ?? ""])).resolves.toEqual(expected);
        await expect(logs(["--run", sweep, "--task", "1"])).resolves.toEqual([...expected, ...expected]);
        const failure = (...args: string[]) => showLogs(["-s", "dev", ...args], project.context);
        await expect(failure("--run", sweep, "--task", "2")).rejects.toThrow(
            /--task must be a number from 0 to 1; got "2"/,
        );
        await expect(failure("--run", sweep, "--point", "x")).rejects.toThrow(
            /must be one such as p-000000000a; got "x"/,
        );
        await expect(failure("--run", DONE, "--task", "0")).rejects.toThrow(
            /is neither a sweep nor an array, so it has no points/,
        );
    });

    it("names the runs in the bucket if the requested one does not exist", async () => {
        const failure = showLogs(["-s", "dev", "--run", "r-ffffffffff"], project.context);

        await expect(failure).rejects.toThrow(UsageError);
        await expect(failure).rejects.toThrow(/has no run r-ffffffffff; it has .*r-000000000a.*\(npm run runs\)/);
    });
});
