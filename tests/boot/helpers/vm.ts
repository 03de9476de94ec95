import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type FaultProxy, startFaultProxy } from "../../../emulator/src/faults/proxy";
import { FaultPlan, parseFaultRule } from "../../../emulator/src/faults/rule";
import { parseCloudConfig } from "../../../emulator/src/vm/process/cloud-config";
import { identify, signalGroups, signalProcess } from "../../../emulator/src/vm/process/shims/signals.js";
import { Service } from "../../../emulator/src/vm/process/units/service";
import type { ServiceHost, ServiceResult } from "../../../emulator/src/vm/process/units/service-host";
import { loadServiceUnit } from "../../../emulator/src/vm/process/units/service-unit";
import { VmFiles } from "../../../emulator/src/vm/process/vm-files";
import { type BootConfig, renderUserData } from "../../../infra/user-data";
import { runLayout } from "../../../run/layout";
import { BUCKET, RUN_ID } from "./backend";
import { Google } from "./google";
import { withShortLimits } from "./short-limits";

export { RUN_ID };
export const DATASET = "data/0a1b2c3d4e/iris.csv";
const UNIT = "gcp-trainer.service";
/** A snippet for a trainer that waits for `release`. */
export const UNTIL_RELEASED = 'until [ -f "$STUB_DIR/released" ]; do sleep 0.05; done';
const STUBS = path.resolve(__dirname, "../stubs");

/** The docker stub's behaviour; see tests/boot/stubs/docker. */
export interface DockerStub {
    pull?: string;
    run?: string;
    trainer?: string;
    follow?: string;
    oom?: boolean;
    /** Snippet that `cos-extensions install gpu` runs. */
    gpu?: string;
    /** Working folder of the image. */
    workingFolder?: string;
}

/** The result of a boot. */
export interface Boot {
    readonly result: ServiceResult;
    /** The unit's output on the serial console. */
    readonly console: string;
}

/** runs/<runId>/status.json */
export interface Status {
    readonly schema: number;
    readonly runId: string;
    readonly state: string;
    readonly attempt: number;
    readonly interruptions: number;
    readonly reported: boolean;
    readonly bootId: string;
    readonly exitCode: number | null;
    readonly reason: string | null;
    readonly startedAt: string;
    readonly updatedAt: string;
    readonly finishedAt: string | null;
}

/**
 * A VM with its own disk that boots from the rendered user-data with real bash, coreutils and curl. docker is a stub
 * that can be made to fail, and the emulator takes the place of systemd.
 */
export class TestVm {
    readonly #disk = mkdtempSync(path.join(tmpdir(), "boot-test-"));
    readonly #emulated = new VmFiles(path.join(this.#disk, "emulated"));
    readonly config: BootConfig;
    #service: Service | undefined;
    #over = false;
    #docker: DockerStub = {};
    /** The lines on the serial console since the last boot. */
    #console: string[] = [];
    #proxy: FaultProxy | undefined;
    /** True to leave the limits in the rendered unit unchanged. */
    unitLimits = true;
    /** True to use the emulator's curl and timeout even if the machine has its own. */
    shims = false;
    /** An additional drop-in for the unit. */
    dropIn = "";

    readonly google: Google;

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
    static async with(config: Partial<BootConfig>, test: (vm: TestVm) => Promise<void>): Promise<void> {
        const google = await Google.start();
        const vm = new TestVm(google, config);
        vm.#emulated.format();
        try {
            await google.backend.bucket.put(DATASET, "a,b\n1,2\n");
            await test(vm);
        } finally {
            vm.#over = true;
            vm.powerOff();
            await vm.#proxy?.stop();
            await google.stop();
            rmSync(vm.#disk, { recursive: true, force: true });
        }
    }

    /** Inserts a proxy between the VM and Google that breaks requests according to these rules. */
    async breakRequests(...rules: string[]): Promise<FaultPlan> {
        const plan = new FaultPlan(rules.map(parseFaultRule));
        const targetPort = Number(this.google.host.split(":")[1]);
        this.#proxy = await startFaultProxy({ plan, targetPort, side: "vm" });
        return plan;
    }

    /** Address at which the VM reaches the metadata server and Cloud Storage. */
    get #endpoint(): string {
        return this.#proxy === undefined ? this.google.host : `127.0.0.1:${this.#proxy.port}`;
    }

    /** Boots the VM and waits until the unit ends, which powers the VM off. */
    async boot(docker: DockerStub = {}): Promise<Boot> {
        this.#docker = docker;
        this.#console = [];
        const service = this.#start(this.#console);
        await service.finished;
        this.powerOff();
        return { result: service.result, console: this.#console.join("\n") };
    }

    /** Stops the unit as a shutdown does, within the unit's stop timeout. */
    shutDown(): void {
        this.#service?.requestStop();
    }

    /** Cuts the power: kills the unit's processes and the container immediately. */
    powerOff(): void {
        this.#service?.kill();
        const pidFile = path.join(this.#disk, "docker/pid");
        if (existsSync(pidFile)) {
            const leader = identify(Number(readFileSync(pidFile, "utf8")));
            signalGroups(leader === undefined ? [] : [leader], "SIGKILL");
        }
    }

    get isUp(): boolean {
        return this.#service !== undefined && !["failed", "inactive"].includes(this.#service.state);
    }

    /** Kills `boot.sh run`, as the kernel does when memory runs out. */
    async killScript(): Promise<void> {
        const pidFile = path.join(this.#disk, "docker/script-pid");
        await this.eventually(async () => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "");
        const script = identify(Number(readFileSync(pidFile, "utf8")));
        if (script === undefined) {
            throw new Error("the script ended before it could be killed");
        }
        signalProcess(script, "SIGKILL");
    }

    /** Path of the token file inside the VM, and its permission bits. */
    tokenFile(): [string, number] {
        const file = path.join(this.#disk, "run/gcp-trainer/token-header");
        return [file.slice(this.#disk.length), statSync(file).mode & 0o777];
    }

    async status(): Promise<Status | undefined> {
        const text = await this.google.backend.bucket.get(runLayout(RUN_ID).status);
        return text === undefined ? undefined : (JSON.parse(text) as Status);
    }

    /** Writes a status, as another writer would. */
    async putStatus(status: Partial<Status>): Promise<void> {
        const before = {
            schema: 1,
            runId: RUN_ID,
            state: "RUNNING",
            attempt: 1,
            interruptions: 0,
            reported: false,
            bootId: "an-earlier-boot",
            exitCode: null,
            reason: null,
            startedAt: "2026-01-01T00:00:00Z",
            updatedAt: "2026-01-01T00:00:30Z",
            finishedAt: null,
        };
        await this.google.backend.bucket.put(runLayout(RUN_ID).status, JSON.stringify({ ...before, ...status }));
    }

    /** Concatenates the chunks of an attempt's log, and checks the names of the chunks. */
    async log(attempt = 1): Promise<string> {
        let log = Buffer.alloc(0);
        for (const name of await this.google.backend.bucket.list(runLayout(RUN_ID).attemptLog(attempt))) {
            expect(name).toBe(runLayout(RUN_ID).logChunk(attempt, log.length));
            log = Buffer.concat([log, (await this.google.backend.bucket.getBytes(name)) ?? Buffer.alloc(0)]);
        }
        return log.toString();
    }

    /** Lets a trainer that waits with `UNTIL_RELEASED` continue. */
    release(): void {
        writeFileSync(path.join(this.#disk, "docker/released"), "");
    }

    /** Paths of all files in the VM that contain this text. */
    filesWith(text: string): string[] {
        return readdirSync(this.#disk, { recursive: true, encoding: "utf8" }).filter((name) => {
            const file = path.join(this.#disk, name);
            return statSync(file).isFile() && readFileSync(file).includes(text);
        });
    }

    /** Options with which the container was started. */
    containerOptions(): string[] {
        const call = this.dockerCalls().find((one) => one[0] === "run") ?? [];
        return call.slice(1, call.indexOf(this.config.image));
    }

    /** The arguments of every call to docker. */
    dockerCalls(): string[][] {
        const file = path.join(this.#disk, "docker/calls");
        return (existsSync(file) ? readFileSync(file, "utf8") : "")
            .split("\0\n\0")
            .slice(0, -1)
            .map((call) => call.split("\0"));
    }

    /** Waits until the status in the bucket meets a condition. */
    async until(condition: (status: Status) => boolean): Promise<Status> {
        let status: Status | undefined;
        await this.eventually(async () => {
            status = await this.status();
            return status !== undefined && condition(status);
        });
        return status as Status;
    }

    /** Waits until a line on the serial console contains this text. */
    async untilPrinted(text: string): Promise<void> {
        await this.eventually(async () => this.#console.some((line) => line.includes(text)));
    }

    /** Waits for a condition, up to the test's time limit. */
    async eventually(condition: () => Promise<boolean>): Promise<void> {
        while (!this.#over && !(await condition())) {
            await new Promise((resolve) => setTimeout(resolve, 30));
        }
    }

    #start(lines: string[]): Service {
        const place = (inner: string) => path.join(this.#disk, inner);
        const files = parseCloudConfig(renderUserData(this.config)).writeFiles;
        for (const file of files) {
            mkdirSync(path.dirname(place(file.path)), { recursive: true });
            writeFileSync(place(file.path), file.content, { mode: file.mode });
        }
        mkdirSync(place("docker"), { recursive: true });
        const host: ServiceHost = {
            env: {
                PATH: this.#searchPath(),
                STUB_DIR: place("docker"),
                STUB_PULL: this.#docker.pull ?? ":",
                STUB_RUN: this.#docker.run ?? ":",
                STUB_TRAINER: this.#docker.trainer ?? "echo trained",
                STUB_GPU: this.#docker.gpu ?? ":",
                STUB_WORKDIR: this.#docker.workingFolder ?? "",
                STUB_FOLLOW: this.#docker.follow ?? "",
                STUB_OOM: String(this.#docker.oom ?? false),
                STORAGE_EMULATOR_HOST: `http://${this.#endpoint}`,
                GCE_METADATA_HOST: this.#endpoint,
                SECRET_MANAGER_EMULATOR_HOST: `http://${this.#endpoint}`,
                PUBSUB_EMULATOR_HOST: this.#endpoint,
            },
            root: this.#disk,
            toHostPath: place,
            ownPaths: new Set(files.map((file) => file.path)),
            resolveProgram: (program) => program,
            log: (_source, line, console) => {
                if (console) {
                    lines.push(line);
                }
            },
        };
        const sources = files
            .filter((file) => file.path.includes(UNIT) && (this.unitLimits || !file.path.endsWith(".conf")))
            .map((file) => ({ path: file.path, text: file.content.toString() }));
        sources.push({ path: "/etc/systemd/system/gcp-trainer.service.d/20-test.conf", text: this.dropIn });
        this.#service = new Service(loadServiceUnit(UNIT, sources), host);
        return this.#service;
    }

    /** The VM's PATH: the stubs, the machine's programs, and the emulator's curl and timeout if they are missing. */
    #searchPath(): string {
        const { fallbacks } = this.#emulated;
        const programs = (process.env.PATH ?? "").split(path.delimiter);
        return [STUBS, ...(this.shims ? [fallbacks, ...programs] : [...programs, fallbacks])].join(path.delimiter);
    }
}
