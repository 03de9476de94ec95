import { fork } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { type Bucket, Storage } from "@google-cloud/storage";
import { OAuth2Client } from "google-auth-library";
import { type ProviderCall, type ProviderResult, runProvider } from "../../cli/start/provider-host";
import { startTestEmulator, type TestEmulator } from "../../emulator/src/testing";
import { type RunStatus, renderStatus } from "../../run/status";
import { statusOf } from "./fakes";
import { runInputs } from "./fixtures/run-inputs";
import { projectRoot, serialiseProviders } from "./provider-texts";

// These tests run the providers as the engine does: the serialised text in a plain Node.js process, with the real
// client library, against the emulator's Cloud Storage. The tests do not prove that Compute Engine behaves as the
// waiter expects.
let texts: Awaited<ReturnType<typeof serialiseProviders>>;
let root: string;
let emulator: TestEmulator;
let bucket: Bucket;
let printed: string[];

beforeAll(async () => {
    texts = await serialiseProviders();
    root = realpathSync(mkdtempSync(path.join(tmpdir(), "serialised-")));
    emulator = await startTestEmulator();
});
afterAll(async () => {
    await emulator.stop();
    rmSync(root, { recursive: true, force: true });
});

let count = 0;
beforeEach(async () => {
    printed = [];
    count += 1;
    const authClient = new OAuth2Client();
    authClient.setCredentials({ access_token: "developer" });
    const storage = new Storage({
        apiEndpoint: emulator.url,
        useAuthWithCustomEndpoint: true,
        authClient,
        projectId: runInputs.project,
    });
    [bucket] = await storage.createBucket(`results-${count}`, { location: "US-CENTRAL1" });
    mkdirSync(cwd());
});

const cwd = () => path.join(root, `project-${count}`);
const resultsFolder = () => path.join(cwd(), "models", "dev", runInputs.runId);

function config(): Record<string, string> {
    return {
        "gcp:accessToken": "developer",
        "gcp:storageCustomEndpoint": `${emulator.url}/storage/v1/`,
        "gcp:computeCustomEndpoint": `${emulator.url}/compute/beta/`,
    };
}

function call(
    resource: keyof typeof texts,
    method: ProviderCall["method"],
    change: Partial<ProviderCall> = {},
): Promise<ProviderResult> {
    return runProvider({
        text: texts[resource],
        method,
        id: runInputs.runId,
        inputs: { ...runInputs, bucket: bucket.name },
        config: config(),
        cwd: cwd(),
        onLine: (_stream, line) => printed.push(line),
        ...change,
    });
}

async function put(name: string, content: string): Promise<void> {
    await bucket.file(`runs/${runInputs.runId}/${name}`).save(content, { resumable: false });
}

async function putRun(change: Partial<RunStatus>): Promise<void> {
    await put("log/1/000000000000.txt", "epoch 1\nepoch 2\n");
    await put("model/metrics.json", '{"accuracy":0.97}');
    await put("model/model.json", '{"tree":[]}');
    const [, , page] = await bucket.getFiles({ prefix: `runs/${runInputs.runId}/model/`, autoPaginate: false });
    await put("objects.json", JSON.stringify({ schema: 1, pages: [page] }));
    await put("status.json", renderStatus(statusOf(change)));
}

describe("the text that Pulumi receives", () => {
    it("contains no path on this machine, and is the same in another checkout that uses the loader of `npm start`", async () => {
        const copy = path.join(root, "another checkout");
        for (const folder of ["run", "tests/run/fixtures", "tsconfig.json", "package.json"]) {
            cpSync(path.join(projectRoot, folder), path.join(copy, folder), { recursive: true });
        }
        symlinkSync(path.join(projectRoot, "node_modules"), path.join(copy, "node_modules"));

        for (const text of Object.values(texts)) {
            expect(text).not.toContain(projectRoot);
            expect(text).not.toContain(homedir());
        }
        await expect(serialiseProviders(copy, "ts-node/register/transpile-only")).resolves.toEqual(texts);
    });
});

describe("the serialised TrainingRun", () => {
    it("saves a successful run's results, and outputs its metrics", async () => {
        await putRun({ state: "SUCCEEDED", exitCode: 0 });

        await expect(call("trainingRun", "create")).resolves.toMatchObject({
            id: runInputs.runId,
            outs: {
                metrics: { accuracy: 0.97 },
                modelUri: `gs://${bucket.name}/runs/${runInputs.runId}/model/`,
                runResultsDir: `models/dev/${runInputs.runId}`,
                state: "SUCCEEDED",
                attempt: 1,
            },
        });
        expect(readdirSync(resultsFolder()).sort()).toEqual([
            "manifest.json",
            "metrics.json",
            "model.json",
            "status.json",
            "trainer.log",
        ]);
        expect(printed[0]).toMatch(/: succeeded.*, before this command/);
        expect(printed).not.toContain("| epoch 2");
        const [manifest] = await bucket.file(`runs/${runInputs.runId}/manifest.json`).download();
        expect(manifest.toString()).toBe(readFileSync(path.join(resultsFolder(), "manifest.json"), "utf8"));
    });

    it("downloads nothing in an update if all files exist", async () => {
        await putRun({ state: "SUCCEEDED" });
        await call("trainingRun", "create");
        printed = [];

        await call("trainingRun", "update");
        expect(printed.at(-1)).toContain("saved and verified 2 model files");
        expect(printed.at(-1)).toContain("0 of them downloaded");
    });

    it("prints the path to the report that the trainer wrote", async () => {
        await put("model/report.html", "<!DOCTYPE html>");
        await putRun({ state: "SUCCEEDED" });

        await call("trainingRun", "create");
        const folder = `models/dev/${runInputs.runId}`;
        expect(printed.at(-1)).toMatch(new RegExp(`in ${folder}; report: ${folder}/report\\.html$`));
    });

    it("fails with the trainer's exit code and last lines, and marks them as reported", async () => {
        await putRun({ state: "FAILED", exitCode: 3, reason: "The trainer failed (exit code 3)" });

        await expect(call("trainingRun", "create")).rejects.toThrow(
            /failed: The trainer failed \(exit code 3\)\n.*\n\| epoch 1\n\| epoch 2\n/,
        );
        const [status] = await bucket.file(`runs/${runInputs.runId}/status.json`).download();
        expect(JSON.parse(status.toString())).toMatchObject({ state: "FAILED", reported: true });
        const [log] = await bucket.file(`runs/${runInputs.runId}/trainer.log`).download();
        expect(log.toString()).toContain("epoch 2\n");
    });

    it("keeps Pulumi from interpreting its colour markup in the trainer's output", async () => {
        await put("log/1/000000000016.txt", "<{%fg 99%}>\n");
        await putRun({ state: "FAILED", exitCode: 3, reason: "The trainer failed (exit code 3)" });

        await expect(call("trainingRun", "create")).rejects.toThrow("| <<{%reset%}>{%fg 99%}>\n");
    });

    it("omits the advice for a deployed stack if the calling program provides its own advice", async () => {
        await putRun({ state: "FAILED", exitCode: 3, reason: "The trainer failed (exit code 3)" });

        const env = { ...process.env, GCP_TRAINER_HINTS: "none" };
        const failure = await call("trainingRun", "create", { env }).catch((error: Error) => error.message);

        expect(failure).toMatch(/failed: The trainer failed \(exit code 3\)\n.*\n\| epoch 1\n\| epoch 2$/);
        expect(printed.join("\n")).not.toContain("you can leave now");
    });

    it("without `wait`, ends once the VM claims the run, and explains how to collect the results", async () => {
        await putRun({ state: "RUNNING" });
        const inputs = { ...runInputs, bucket: bucket.name, wait: false };

        await expect(call("trainingRun", "create", { inputs })).resolves.toMatchObject({
            outs: { state: "RUNNING", runResultsDir: "" },
        });
        expect(printed.join("\n")).toBe(
            `run ${runInputs.runId}, attempt 1: training\n` +
                `run ${runInputs.runId} continues without this command; \`pulumi up\` collects its results once it has ended`,
        );
    });

    it("leaves the status alone after its command is killed and nobody reads its output", async () => {
        await putRun({ state: "RUNNING" });
        const child = fork(path.join(projectRoot, "cli/start/provider-host-child.js"), {
            cwd: cwd(),
            execArgv: [],
            stdio: ["ignore", "pipe", "ignore", "ipc"],
        });
        const ended = new Promise<number | null>((resolve) => {
            child.once("exit", resolve);
        });
        child.stdout?.on("data", (text: Buffer) => {
            if (text.includes("| epoch 2")) {
                child.stdout?.destroy();
                void putRun({ state: "FAILED", exitCode: 3 });
            }
        });
        const inputs = { ...runInputs, bucket: bucket.name };
        child.send({ text: texts.trainingRun, method: "create", inputs, config: config() });

        await expect(ended).resolves.toBe(1);
        const [status] = await bucket.file(`runs/${runInputs.runId}/status.json`).download();
        expect(JSON.parse(status.toString())).toMatchObject({ state: "FAILED", reported: false });
    });

    it("says where the results are if they cannot be saved", async () => {
        await putRun({ state: "SUCCEEDED" });
        await bucket.file(`runs/${runInputs.runId}/model/model.json`).delete();

        await expect(call("trainingRun", "create")).rejects.toThrow(
            new RegExp(
                `has succeeded \\(attempt 1\\), but.*models/dev.*model\\.json is gone.*gs://${bucket.name}/runs/`,
                "s",
            ),
        );
    });

    it.each([
        ["unchanged inputs", {}, { state: "SUCCEEDED" }, { changes: false, replaces: [] }],
        [
            "keys in a different order",
            { provenance: { ...runInputs.provenance } },
            { state: "SUCCEEDED" },
            { changes: false, replaces: [] },
        ],
        ["an unfinished run", {}, { state: "RUNNING" }, { changes: true, replaces: [] }],
        ["maxAttempts", { maxAttempts: 5 }, { state: "SUCCEEDED" }, { changes: true, replaces: [] }],
        ["another run", { runId: "r-aaaaaaaaaa" }, { state: "SUCCEEDED" }, { changes: true, replaces: ["runId"] }],
        ["another bucket", { bucket: "other" }, { state: "SUCCEEDED" }, { changes: true, replaces: ["bucket"] }],
    ])("plans the correct update or replacement for %s", async (_what, news, olds, expected) => {
        const reversed = Object.fromEntries(Object.entries(runInputs.provenance).reverse());
        await expect(
            call("trainingRun", "diff", {
                olds: { ...runInputs, provenance: reversed, ...olds },
                inputs: { ...runInputs, ...news },
            }),
        ).resolves.toEqual(expected);
    });
});

describe("the serialised TrainingRun, compared with its state,", () => {
    const diff = () => call("trainingRun", "diff", { olds: { ...runInputs, state: "SUCCEEDED" }, inputs: runInputs });

    it("collects results again if they were deleted on this machine", async () => {
        mkdirSync(path.join(cwd(), "models", "dev"), { recursive: true });
        await expect(diff()).resolves.toEqual({ changes: true, replaces: [] });
        mkdirSync(resultsFolder());
        await expect(diff()).resolves.toEqual({ changes: false, replaces: [] });
    });

    it("does not download results to a checkout that has never had any", async () => {
        await expect(diff()).resolves.toEqual({ changes: false, replaces: [] });
    });
});

describe("the serialised SavedResults", () => {
    it("saves new results before its bucket is deleted", async () => {
        await putRun({ state: "SUCCEEDED" });

        await call("savedResults", "delete");
        expect(printed).toEqual([
            `run ${runInputs.runId}: saved to models/dev/${runInputs.runId}, 2 files downloaded and verified`,
        ]);
        expect(readFileSync(path.join(resultsFolder(), "model.json"), "utf8")).toBe('{"tree":[]}');
    });

    it("stops the destroy if saving fails, and suggests a way out that works", async () => {
        await putRun({ state: "SUCCEEDED" });
        await bucket.file(`runs/${runInputs.runId}/objects.json`).delete();

        await expect(call("savedResults", "delete")).rejects.toThrow(
            /so the bucket is kept: run r-0123456789: .*objects\.json is missing.*DISCARD_RESULTS=1 pulumi destroy/s,
        );
        const env = { ...process.env, GCP_TRAINER_HINTS: "none" };
        const failure = await call("savedResults", "delete", { env }).catch((error: Error) => error.message);
        expect(failure).toMatch(/objects\.json is missing, so the model of run r-0123456789 cannot be verified$/);
        await call("savedResults", "delete", { env: { ...process.env, DISCARD_RESULTS: "1" } });
        expect(printed.at(-1)).toContain("DISCARD_RESULTS is set");
    });

    it("saves nothing if the bucket has been deleted", async () => {
        await bucket.delete();
        await call("savedResults", "delete");
        expect(printed).toEqual([]);
    });

    it("does not need a request to be created", async () => {
        await expect(call("savedResults", "create", { config: {} })).resolves.toMatchObject({ id: bucket.name });
    });
});

describe("the provider's process", () => {
    it("is killed if its call is aborted", async () => {
        const controller = new AbortController();
        const text =
            'exports.handler = () => ({ create() { console.log("up"); return new Promise(() => setInterval(() => {}, 1000)); } });';
        const pending = call("savedResults", "create", {
            text,
            signal: controller.signal,
            onLine: () => controller.abort(),
        });
        await expect(pending).rejects.toThrow("aborted");
    });

    it("reports an error if it ends without a response", async () => {
        const text = "exports.handler = () => ({ create() { process.exit(7); } });";
        await expect(call("savedResults", "create", { text })).rejects.toThrow(
            "ended with exit code 7 before it responded",
        );
    });

    it("forwards the provider's error and both of its output streams", async () => {
        const lines: string[] = [];
        const text =
            'exports.handler = () => ({ create() { console.log("out"); console.error("err"); throw new Error("no"); } });';
        const onLine = (stream: string, line: string) => lines.push(`${stream}: ${line}`);
        await expect(call("savedResults", "create", { text, onLine })).rejects.toThrow(/^no$/);
        expect(lines.sort()).toEqual(["stderr: err", "stdout: out"]);
    });
});
