import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { identify, signalGroups, signalProcess } from "../../../emulator/src/vm/process/shims/signals.js";
import { VmFiles } from "../../../emulator/src/vm/process/vm-files";
import { batchPlan } from "../../../infra/batch-definition";
import type { BootConfig } from "../../../infra/user-data";
import { runLayout } from "../../../run/layout";
import { BUCKET, RUN_ID } from "./backend";
import { Google } from "./google";
import { withShortLimits } from "./short-limits";
import { DATASET, type DockerStub, type Status } from "./vm";

const STUBS = path.resolve(__dirname, "../stubs");

/** The result of one attempt at a task. */
export interface TaskEnd {
    readonly exitCode: number;
    readonly output: string;
}

/**
 * Runs a task of a Batch job as Batch's agent does: it runs the script in the job's definition with the task's
 * variables. The script uses real bash, coreutils and curl; docker is a stub.
 */
export class TestTask {
    readonly #disk = mkdtempSync(path.join(tmpdir(), "batch-test-"));
    readonly #emulated = new VmFiles(path.join(this.#disk, "emulated"));
    readonly google: Google;
    readonly config: BootConfig;
    #child: ChildProcess | undefined;
    #isOver = false;
    /** Variables that a later job sets for its script. */
    variables: Record<string, string> = {};

    constructor(google: Google, config: Partial<BootConfig>) {
        this.google = google;
        this.config = {
            project: "demo-project",
            region: "us-central1",
            bucket: BUCKET,
            runId: RUN_ID,
            image: "us-central1-docker.pkg.dev/demo-project/trainer/trainer@sha256:12ab",
            datasetUri: `gs://${BUCKET}/${DATASET}`,
            args: [],
            ...withShortLimits(config),
        };
    }

    /** Runs `test` with a new VM and bucket, and always cleans up. */
    static async with(config: Partial<BootConfig>, test: (task: TestTask) => Promise<void>): Promise<void> {
        const google = await Google.start();
        const task = new TestTask(google, config);
        task.#emulated.format();
        try {
            await google.backend.bucket.put(DATASET, "a,b\n1,2\n");
            await google.backend.bucket.put(task.plan.bundleName, task.plan.bundle);
            await test(task);
        } finally {
            task.#isOver = true;
            task.kill();
            await google.stop();
            rmSync(task.#disk, { recursive: true, force: true });
        }
    }

    get plan() {
        return batchPlan(this.config, {
            project: "demo-project",
            region: "us-central1",
            zones: [],
            parallelism: 10,
            machineType: "e2-standard-2",
            bootDiskSizeGb: 20,
            bootDiskType: "",
            spot: true,
            gpuType: "",
            gpuCount: this.config.gpuCount,
            network: "training",
            subnetwork: "training",
            externalIp: false,
            serviceAccount: "trainer@demo-project.iam.gserviceaccount.com",
            labels: {},
        });
    }

    /** The text that Batch's agent runs. */
    get script(): string {
        const [runnable] = this.plan.definition.taskGroups[0]?.taskSpec.runnables ?? [];
        return (runnable as { script: { text: string } }).script.text;
    }

    /** Runs an attempt until it ends. */
    async run(docker: DockerStub = {}, retry = 0, index = 0): Promise<TaskEnd> {
        const file = path.join(this.#disk, "script.sh");
        const [runnable] = this.plan.definition.taskGroups[0]?.taskSpec.runnables ?? [];
        const { environment } = runnable as { environment?: { variables: Record<string, string> } };
        writeFileSync(file, this.script);
        mkdirSync(this.#place("docker"), { recursive: true });
        const endpoint = `http://${this.google.host}`;
        const child = spawn("bash", [file], {
            cwd: this.#disk,
            detached: true,
            stdio: ["ignore", "pipe", "pipe"],
            env: {
                PATH: [STUBS, process.env.PATH ?? "", this.#emulated.fallbacks].join(path.delimiter),
                EMULATOR_VM_DIR: this.#disk,
                ...environment?.variables,
                ...this.variables,
                BATCH_TASK_INDEX: String(index),
                BATCH_TASK_COUNT: "1",
                BATCH_TASK_RETRY_ATTEMPT: String(retry),
                STUB_DIR: this.#place("docker"),
                STUB_PULL: docker.pull ?? ":",
                STUB_RUN: docker.run ?? ":",
                STUB_TRAINER: docker.trainer ?? "echo trained",
                STUB_GPU: docker.gpu ?? ":",
                STUB_WORKDIR: docker.workingFolder ?? "",
                STUB_FOLLOW: docker.follow ?? "",
                STUB_OOM: String(docker.oom ?? false),
                STORAGE_EMULATOR_HOST: endpoint,
                GCE_METADATA_HOST: this.google.host,
                SECRET_MANAGER_EMULATOR_HOST: endpoint,
            },
        });
        this.#child = child;
        let output = "";
        for (const stream of [child.stdout, child.stderr]) {
            stream.on("data", (text: Buffer) => {
                output += text.toString();
            });
        }
        const exitCode = await new Promise<number>((resolve) => {
            child.once("exit", (code) => resolve(code ?? -1));
        });
        return { exitCode, output };
    }

    /** Sends the script SIGTERM, as Batch's agent may do. */
    terminate(): void {
        const script = identify(this.#child?.pid);
        if (script !== undefined) {
            signalProcess(script, "SIGTERM");
        }
    }

    /** Cuts the VM's power. */
    kill(): void {
        const pidFile = this.#place("docker/pid");
        const pids = [this.#child?.pid, existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : undefined];
        signalGroups(
            pids.map((pid) => identify(pid)).filter((leader) => leader !== undefined),
            "SIGKILL",
        );
    }

    /** Names of everything that the script has left in its folders. */
    leftFiles(): string[] {
        return ["run", "var/lib"].flatMap((folder) =>
            existsSync(this.#place(folder)) ? readdirSync(this.#place(folder)) : [],
        );
    }

    /** The arguments of every call to docker. */
    dockerCalls(): string[][] {
        const file = this.#place("docker/calls");
        return (existsSync(file) ? readFileSync(file, "utf8") : "")
            .split("\0\n\0")
            .slice(0, -1)
            .map((call) => call.split("\0"));
    }

    async status(): Promise<Status | undefined> {
        const text = await this.google.backend.bucket.get(runLayout(RUN_ID).status);
        return text === undefined ? undefined : (JSON.parse(text) as Status);
    }

    /** Waits until the status in the bucket meets a condition. */
    async until(condition: (status: Status) => boolean): Promise<Status> {
        for (;;) {
            const status = await this.status();
            if (status !== undefined && condition(status)) {
                return status;
            }
            if (this.#isOver) {
                throw new Error("the test has ended");
            }
            await new Promise((resolve) => setTimeout(resolve, 30));
        }
    }

    async log(attempt = 1): Promise<string> {
        const names = await this.google.backend.bucket.list(runLayout(RUN_ID).attemptLog(attempt));
        const chunks = await Promise.all(names.map((name) => this.google.backend.bucket.get(name)));
        return chunks.join("");
    }

    #place(inner: string): string {
        return path.join(this.#disk, inner);
    }
}
