import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { listRuns } from "../../../cli/shared/stored-runs/list-runs";
import { saveResults } from "../../../cli/shared/stored-runs/save-results";
import { UsageError } from "../../../cli/start/stack-config";
import { startBucket, type TestBucket } from "../../helpers/bucket";
import { emulatorConfig, putRun, TestProject } from "./support";

// The commands with the real client library against the emulator's Cloud Storage; `pulumi` answers from a table here, in the
// shape of its own answers. It does not prove that every version of Pulumi answers so.
const SUCCEEDED = "r-000000000a";
const FAILED = "r-000000000b";

let bucket: TestBucket;
let project: TestProject;

beforeAll(async () => {
    bucket = await startBucket("stored-runs");
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

/** What Pulumi says of a stack whose only resource that matters has that state. */
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
    it("shows the runs of a stack, the newest first", async () => {
        await expect(listRuns(["-s", "dev"], project.surroundings)).resolves.toBe(0);

        expect(project.printed.map((line) => line.replace(/\d+ d +/, "AGE "))).toEqual([
            expect.stringMatching(/^run {11}state {6}attempt {2}age +metrics$/),
            `${SUCCEEDED}  SUCCEEDED  1        AGE accuracy 0.9667`,
            `${FAILED}  FAILED     1        AGE The trainer ended with exit code 3`,
        ]);
    });

    it("takes the selected stack when none is named", async () => {
        project.pulumi(answersFor("", { bucket: bucket.name, stack: "dev", resultsDir: "models" }));

        await expect(listRuns([], project.surroundings)).resolves.toBe(0);
        expect(project.printed).toHaveLength(3);
    });

    it.each([
        ["no stack named 'dev' found", "npx pulumi stack ls"],
        ["no stack selected; please use `pulumi stack select` to choose one", "-s STACK"],
        ["PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", "npx pulumi login --local"],
        ["get stack secrets manager: passphrase must be set", "PULUMI_CONFIG_PASSPHRASE"],
        ["something else", "--bucket gs://BUCKET"],
    ])("when Pulumi says %j, names the way out: %s", async (said, fix) => {
        project.pulumi({}, `error: ${said}`);

        const message = await failure(listRuns(["-s", "dev"], project.surroundings));

        expect(message).toContain(said);
        expect(message).toContain(fix);
    });

    it("says that a stack without a bucket is not deployed", async () => {
        project.pulumi(answersFor("--stack dev", undefined));

        await expect(failure(listRuns(["-s", "dev"], project.surroundings))).resolves.toBe(
            "The stack dev has no bucket: nothing is deployed (npx pulumi up -s dev)",
        );
    });

    it("says that a bucket of the state is gone", async () => {
        project.pulumi(answersFor("--stack dev", { bucket: "gone-since", stack: "dev", resultsDir: "models" }));

        await expect(failure(listRuns(["-s", "dev"], project.surroundings))).resolves.toContain(
            "There is no bucket gs://gone-since",
        );
    });

    it("refuses a word too many and an option that it has not", async () => {
        await expect(failure(listRuns(["dev"], project.surroundings))).resolves.toContain("npm run runs -- --help");
        await expect(failure(listRuns(["--stacks", "dev"], project.surroundings))).resolves.toContain("--stacks");
    });
});

describe("npm run results", () => {
    it("brings every run home: verified results, or log and status", async () => {
        await expect(saveResults(["-s", "dev"], project.surroundings)).resolves.toBe(0);

        expect(project.printed).toEqual([
            `run ${SUCCEEDED}: saved to models/dev/${SUCCEEDED}, 2 files downloaded and verified`,
            `run ${FAILED}: FAILED; its log and status are in models/dev/${FAILED}`,
        ]);
        expect(readFileSync(inFolder("models", "dev", SUCCEEDED, "model.json"), "utf8")).toBe('{"tree":[]}');
        expect(readFileSync(inFolder("models", "dev", FAILED, "trainer.log"), "utf8")).toContain("epoch 1");
    });

    it("downloads nothing again, and mends what was changed on this machine", async () => {
        await saveResults(["-s", "dev", SUCCEEDED], project.surroundings);
        await saveResults(["-s", "dev", SUCCEEDED], project.surroundings);
        project.program(path.join("models", "dev", SUCCEEDED, "model.json"), "changed");
        await saveResults(["-s", "dev", SUCCEEDED], project.surroundings);

        expect(project.printed.filter((line) => line.startsWith(`run ${SUCCEEDED}: `))).toEqual([
            `run ${SUCCEEDED}: saved to models/dev/${SUCCEEDED}, 2 files downloaded and verified`,
            `run ${SUCCEEDED}: already in models/dev/${SUCCEEDED}, verified`,
            expect.stringMatching(/: saving the missing or changed files in .* again: model\.json$/),
            `run ${SUCCEEDED}: saved to models/dev/${SUCCEEDED}, 1 file downloaded and verified`,
        ]);
    });

    it("saves the one run that is named", async () => {
        await saveResults(["-s", "dev", FAILED], project.surroundings);

        expect(existsSync(inFolder("models", "dev", FAILED))).toBe(true);
        expect(existsSync(inFolder("models", "dev", SUCCEEDED))).toBe(false);
    });

    it("names the runs there are when the one asked for is not among them", async () => {
        const message = await failure(saveResults(["-s", "dev", "r-ffffffffff"], project.surroundings));

        expect(message).toContain(`it has ${SUCCEEDED}, ${FAILED}`);
    });

    it("does not take a model for good that is not what the run wrote", async () => {
        const broken = await startBucket("broken-model");
        try {
            await putRun(broken, SUCCEEDED, { state: "SUCCEEDED" }, { "model.json": "{}" });
            await broken.put(`runs/${SUCCEEDED}/model/model.json`, "{ }");
            project.pulumi(answersFor("--stack dev", { bucket: broken.name, stack: "dev", resultsDir: "models" }));
            const surroundings = withEnvironment(broken.anonymousEndpoint);

            const message = await failure(saveResults(["--bucket", "gs://broken-model"], surroundings));

            expect(message).toContain("is not what the run wrote");
            expect(existsSync(inFolder("models", "broken-model", SUCCEEDED))).toBe(false);
        } finally {
            await broken.stop();
        }
    });
});

/** No Pulumi at all, and the gcp provider's environment variables, as in a job of CI. */
function withEnvironment(url: string, change: NodeJS.ProcessEnv = {}) {
    const env = {
        PATH: inFolder("nothing"),
        GOOGLE_STORAGE_CUSTOM_ENDPOINT: `${url}/storage/v1/`,
        GOOGLE_OAUTH_ACCESS_TOKEN: "developer",
        ...change,
    };
    return { ...project.surroundings, env };
}

describe("with --bucket, for a teammate or a job of CI", () => {
    it("needs no Pulumi", async () => {
        const surroundings = withEnvironment(bucket.anonymousEndpoint);

        await expect(listRuns(["--bucket", `gs://${bucket.name}`], surroundings)).resolves.toBe(0);
        await expect(saveResults(["--bucket", `gs://${bucket.name}/`, SUCCEEDED], surroundings)).resolves.toBe(0);
        expect(existsSync(inFolder("models", bucket.name, SUCCEEDED, "manifest.json"))).toBe(true);
    });

    it("files results under a stack's name when one is given", async () => {
        const surroundings = withEnvironment(bucket.anonymousEndpoint);
        await saveResults(["--bucket", bucket.name, "-s", "organization/gcp-trainer/dev", SUCCEEDED], surroundings);

        expect(existsSync(inFolder("models", "dev", SUCCEEDED, "manifest.json"))).toBe(true);
    });

    it("says what a bucket's name looks like", async () => {
        await expect(
            failure(listRuns(["--bucket", "gs://a/runs"], withEnvironment(bucket.anonymousEndpoint))),
        ).resolves.toBe(
            '--bucket must be gs://BUCKET; got "gs://a/runs" (the stack output bucketUrl: npx pulumi stack output bucketUrl)',
        );
    });

    it("names the roles that are missing", async () => {
        const surroundings = withEnvironment(bucket.strangerEndpoint);

        const message = await failure(listRuns(["--bucket", bucket.name], surroundings));

        expect(message).toContain("roles/storage.objectViewer");
    });

    it("says that the emulator does not run when nothing answers on this machine", async () => {
        const surroundings = withEnvironment("http://127.0.0.1:9");

        await expect(failure(listRuns(["--bucket", bucket.name], surroundings))).resolves.toContain("npm run emulator");
    });
});
