import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { saveResults } from "../../../cli/results/save-results";
import { listRuns } from "../../../cli/runs/list-runs";
import { UsageError } from "../../../cli/shared/usage-error";
import { type LoneBucket, startTestBucket } from "../../../emulator/src/testing";
import { renderStatus } from "../../../run/status";
import { statusOf } from "../../run/fakes";
import { emulatorConfig, putRun, TestProject } from "./test-project";

// The commands use the real client library against the emulator's Cloud Storage. `pulumi` is a stub that prints canned
// output in the same format as the real one. The tests do not prove that every version of Pulumi uses this format.
const SUCCEEDED = "r-000000000a";
const FAILED = "r-000000000b";

let bucket: LoneBucket;
let project: TestProject;

beforeAll(async () => {
    bucket = await startTestBucket("stored-runs");
    await putRun(
        bucket,
        SUCCEEDED,
        { state: "SUCCEEDED", startedAt: "2026-01-02T00:00:00Z" },
        { "metrics.json": '{"accuracy":0.9667}', "model.json": '{"tree":[]}' },
    );
    await putRun(bucket, FAILED, { state: "FAILED", exitCode: 3, reason: "The trainer ended with exit code 3" });
});
afterAll(() => bucket.stop());

beforeEach(() => {
    project = new TestProject();
    project.pulumi(answersFor("--stack dev", { bucket: bucket.name, stack: "dev", resultsDir: "models" }));
});
afterEach(() => project.remove());

/** Pulumi's output for a stack with this state of `SavedResults`. */
function answersFor(stackArgs: string, savedResults: Record<string, unknown> | undefined): Record<string, unknown> {
    const resources = [
        { type: "pulumi:pulumi:Stack" },
        { type: "gcp:storage/bucket:Bucket", outputs: { bucket: "another" } },
        {
            type: "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun",
            outputs: { runId: SUCCEEDED, bucket: "of-the-run", stack: "x", resultsDir: "x" },
        },
        ...(savedResults ? [{ type: "pulumi-nodejs:dynamic/gcp-trainer:SavedResults", outputs: savedResults }] : []),
    ];
    const config = Object.entries(emulatorConfig(bucket.anonymousEndpoint)).map(([key, value]) => [
        key,
        { value, secret: false },
    ]);
    const suffix = [stackArgs, "--non-interactive"].filter(Boolean).join(" ");
    return {
        [`stack export ${suffix}`]: { version: 3, deployment: { resources } },
        [`config --json --show-secrets ${suffix}`]: Object.fromEntries(config),
    };
}

const inFolder = (...parts: string[]) => path.join(project.folder, ...parts);

async function failure(command: Promise<number>): Promise<string> {
    const error = await command.then(
        (status) => new Error(`it succeeded with ${status}`),
        (thrown: Error) => thrown,
    );
    expect(error).toBeInstanceOf(UsageError);
    return error.message;
}

describe("npm run runs", () => {
    it("lists a stack's runs, newest first", async () => {
        await expect(listRuns(["-s", "dev"], project.context)).resolves.toBe(0);

        expect(project.printed.map((line) => line.replace(/\d+ d +/, "AGE "))).toEqual([
            expect.stringMatching(/^run {11}state {6}attempt {2}age +metrics$/),
            `${SUCCEEDED}  SUCCEEDED  1        AGE accuracy 0.9667`,
            `${FAILED}  FAILED     1        AGE The trainer ended with exit code 3`,
        ]);
    });

    it("also lists the earlier attempts that are kept on this machine", async () => {
        const earlier = `${SUCCEEDED}.20260101T000200Z`;
        const status = statusOf({ runId: SUCCEEDED, state: "SUCCEEDED" });
        project.program(path.join("models", "dev", earlier, "status.json"), renderStatus(status));
        project.program(path.join("models", "dev", earlier, "metrics.json"), '{"accuracy":0.9}');
        project.program(path.join("models", "dev", `${SUCCEEDED}.notes`, "status.json"), "mine");

        await expect(listRuns(["-s", "dev"], project.context)).resolves.toBe(0);

        expect(project.printed.map((line) => line.replace(/\d+ d +/, "AGE ").replace(/ +/g, " "))).toEqual([
            "run state attempt age metrics",
            `${SUCCEEDED} SUCCEEDED 1 AGE accuracy 0.9667`,
            `${earlier} SUCCEEDED 1 AGE accuracy 0.9; only on this machine`,
            `${FAILED} FAILED 1 AGE The trainer ended with exit code 3`,
        ]);
    });

    it.each([
        [
            "the stack's emulator is not running",
            "config:\n  gcp:storageCustomEndpoint: http://127.0.0.1:9/storage/v1/\n",
        ],
        ["the project has no such stack", undefined],
    ])("shows rehearsed runs without asking Pulumi, if %s", async (_, stackFile) => {
        project.pulumi({}, "error: Pulumi was asked");
        if (stackFile !== undefined) {
            project.program("Pulumi.local.yaml", stackFile);
        }
        const status = statusOf({ runId: SUCCEEDED, state: "SUCCEEDED" });
        project.program(path.join("models", "local", SUCCEEDED, "status.json"), renderStatus(status));
        project.program(path.join("models", "local", SUCCEEDED, "metrics.json"), '{"accuracy":0.9}');

        await expect(listRuns(["-s", "local"], project.context)).resolves.toBe(0);

        expect(project.printed[1]).toMatch(new RegExp(`^${SUCCEEDED} .* accuracy 0.9; only on this machine$`));
        // Without -s, the user may expect the runs of the selected stack.
        await expect(listRuns([], project.context)).resolves.toBe(0);
        expect(project.printed).toContain("Rehearsed runs (npm run runs -- -s STACK shows others)");
    });

    it("shows a run that had not ended when it was saved as interrupted, because it no longer changes", async () => {
        const status = statusOf({ runId: SUCCEEDED, state: "RUNNING" });
        project.program(path.join("models", "local", SUCCEEDED, "status.json"), renderStatus(status));

        await expect(listRuns(["--local"], project.context)).resolves.toBe(0);

        expect(project.printed[1]).toMatch(
            new RegExp(`^${SUCCEEDED} +INTERRUPTED .* it had not ended when it was saved; only on this machine$`),
        );
    });

    it("prints all facts about the runs as JSON or CSV, without control characters or formulas", async () => {
        await listRuns(["-s", "dev", "--json"], project.context);
        expect(JSON.parse(project.printed.join("\n"))).toMatchObject([
            { id: SUCCEEDED, state: "SUCCEEDED", metrics: { accuracy: 0.9667 } },
            { id: FAILED, state: "FAILED", reason: "The trainer ended with exit code 3", metrics: {} },
        ]);
        project.printed.length = 0;
        await listRuns(["-s", "dev", "--csv"], project.context);
        expect(project.printed.map((line) => line.replace(/,.*,/, ",…,"))).toEqual([
            "id,…,metric.accuracy",
            `${SUCCEEDED},…,0.9667`,
            `${FAILED},…,`,
        ]);
    });

    it("reports a metric that no run has", async () => {
        await expect(failure(listRuns(["-s", "dev", "--sort", "f1"], project.context))).resolves.toBe(
            '"f1" must be a metric of one of the runs; they have accuracy (npm run runs -- --sort METRIC)',
        );
    });

    it("uses the currently selected stack by default", async () => {
        project.pulumi(answersFor("", { bucket: bucket.name, stack: "dev", resultsDir: "models" }));

        await expect(listRuns([], project.context)).resolves.toBe(0);
        expect(project.printed).toHaveLength(3);
    });

    it.each([
        ["no stack named 'dev' found", "npx pulumi stack ls"],
        ["no stack selected; please use `pulumi stack select` to choose one", "-s STACK"],
        [
            "PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
            "npx pulumi login 'file://~?metadata=skip'",
        ],
        ["get stack secrets manager: passphrase must be set", "PULUMI_CONFIG_PASSPHRASE"],
        ["something else", "--bucket gs://BUCKET"],
    ])("explains Pulumi's error %j with %s", async (said, fix) => {
        project.pulumi({}, `error: ${said}`);

        const message = await failure(listRuns(["-s", "dev"], project.context));

        expect(message).toContain(said);
        expect(message).toContain(fix);
    });

    it("reports that a stack without a bucket is not deployed", async () => {
        project.pulumi(answersFor("--stack dev", undefined));

        await expect(failure(listRuns(["-s", "dev"], project.context))).resolves.toBe(
            "The stack dev has no bucket: nothing is deployed (npx pulumi up -s dev)",
        );
    });

    it("shows the saved runs of a stack that has been destroyed", async () => {
        project.pulumi(answersFor("--stack dev", undefined));
        const status = statusOf({ runId: SUCCEEDED, state: "SUCCEEDED" });
        project.program(path.join("models", "dev", SUCCEEDED, "status.json"), renderStatus(status));

        await expect(listRuns(["-s", "dev"], project.context)).resolves.toBe(0);

        expect(project.printed[0]).toBe("The stack dev is not deployed; these runs are on this machine");
        expect(project.printed[3]).toContain(SUCCEEDED);
    });

    it("reports that the bucket in the state no longer exists", async () => {
        project.pulumi(answersFor("--stack dev", { bucket: "gone-since", stack: "dev", resultsDir: "models" }));

        await expect(failure(listRuns(["-s", "dev"], project.context))).resolves.toContain(
            "The bucket gs://gone-since does not exist",
        );
    });

    it("rejects an extra argument and an unknown option", async () => {
        await expect(failure(listRuns(["dev"], project.context))).resolves.toContain("npm run runs -- --help");
        await expect(failure(listRuns(["--stacks", "dev"], project.context))).resolves.toContain("--stacks");
    });
});

describe("npm run results", () => {
    it("saves the verified results of successful runs, and the log and status of the others", async () => {
        await expect(saveResults(["-s", "dev"], project.context)).resolves.toBe(0);

        expect(project.printed).toEqual([
            `run ${SUCCEEDED}: saved to models/dev/${SUCCEEDED}, 2 files downloaded and verified`,
            `run ${FAILED}: FAILED; its log and status are in models/dev/${FAILED}`,
        ]);
        expect(readFileSync(inFolder("models", "dev", SUCCEEDED, "model.json"), "utf8")).toBe('{"tree":[]}');
        expect(readFileSync(inFolder("models", "dev", FAILED, "trainer.log"), "utf8")).toContain("epoch 1");
    });

    it("downloads nothing twice, and restores a file that was changed locally", async () => {
        await saveResults(["-s", "dev", SUCCEEDED], project.context);
        await saveResults(["-s", "dev", SUCCEEDED], project.context);
        project.program(path.join("models", "dev", SUCCEEDED, "model.json"), "changed");
        await saveResults(["-s", "dev", SUCCEEDED], project.context);

        expect(project.printed.filter((line) => line.startsWith(`run ${SUCCEEDED}: `))).toEqual([
            `run ${SUCCEEDED}: saved to models/dev/${SUCCEEDED}, 2 files downloaded and verified`,
            `run ${SUCCEEDED}: already in models/dev/${SUCCEEDED}, verified`,
            expect.stringMatching(/: saving the missing or changed files in .* again: model\.json$/),
            `run ${SUCCEEDED}: saved to models/dev/${SUCCEEDED}, 1 file downloaded and verified`,
        ]);
    });

    it("saves only the run given on the command line", async () => {
        await saveResults(["-s", "dev", FAILED], project.context);

        expect(existsSync(inFolder("models", "dev", FAILED))).toBe(true);
        expect(existsSync(inFolder("models", "dev", SUCCEEDED))).toBe(false);
    });

    it("lists the existing runs if the requested one does not exist", async () => {
        const message = await failure(saveResults(["-s", "dev", "r-ffffffffff"], project.context));

        expect(message).toContain(`it has ${SUCCEEDED}, ${FAILED}`);
    });

    it("rejects a model that differs from the one that the run wrote", async () => {
        const broken = await startTestBucket("broken-model");
        try {
            await putRun(broken, SUCCEEDED, { state: "SUCCEEDED" }, { "model.json": "{}" });
            await broken.put(`runs/${SUCCEEDED}/model/model.json`, "{ }");
            project.pulumi(answersFor("--stack dev", { bucket: broken.name, stack: "dev", resultsDir: "models" }));
            const context = withEnvironment(broken.anonymousEndpoint);

            const message = await failure(saveResults(["--bucket", "gs://broken-model"], context));

            expect(message).toContain("is not what the run wrote");
            expect(existsSync(inFolder("models", "broken-model", SUCCEEDED))).toBe(false);
        } finally {
            await broken.stop();
        }
    });
});

/** Creates a context without Pulumi, configured by the gcp provider's environment variables as in a CI job. */
function withEnvironment(url: string, change: NodeJS.ProcessEnv = {}) {
    const env = {
        PATH: inFolder("nothing"),
        GOOGLE_STORAGE_CUSTOM_ENDPOINT: `${url}/storage/v1/`,
        GOOGLE_OAUTH_ACCESS_TOKEN: "developer",
        ...change,
    };
    return { ...project.context, env };
}

describe("a command with --bucket, for a teammate or a CI job,", () => {
    it("does not need Pulumi", async () => {
        const context = withEnvironment(bucket.anonymousEndpoint);

        await expect(listRuns(["--bucket", `gs://${bucket.name}`], context)).resolves.toBe(0);
        await expect(saveResults(["--bucket", `gs://${bucket.name}/`, SUCCEEDED], context)).resolves.toBe(0);
        expect(existsSync(inFolder("models", bucket.name, SUCCEEDED, "manifest.json"))).toBe(true);
    });

    it("saves results under the stack's name if it is given", async () => {
        const context = withEnvironment(bucket.anonymousEndpoint);
        await saveResults(["--bucket", bucket.name, "-s", "organization/gcp-trainer/dev", SUCCEEDED], context);

        expect(existsSync(inFolder("models", "dev", SUCCEEDED, "manifest.json"))).toBe(true);
    });

    it("rejects an invalid bucket name", async () => {
        await expect(
            failure(listRuns(["--bucket", "gs://a/runs"], withEnvironment(bucket.anonymousEndpoint))),
        ).resolves.toBe(
            '--bucket must be gs://BUCKET; got "gs://a/runs" (the stack output bucketUrl: npx pulumi stack output bucketUrl)',
        );
    });

    it("reports the missing roles", async () => {
        const context = withEnvironment(bucket.strangerEndpoint);

        const message = await failure(listRuns(["--bucket", bucket.name], context));

        expect(message).toContain("roles/storage.objectViewer");
    });

    it("reports that the emulator is not running if no local server responds", async () => {
        const context = withEnvironment("http://127.0.0.1:9");

        await expect(failure(listRuns(["--bucket", bucket.name], context))).resolves.toContain("npm run emulator");
    });
});
