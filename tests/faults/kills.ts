import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FaultPlan, parseFaultRule } from "../../emulator/src";
import type { RuntimeKind } from "../../emulator/src/service";
import { TestEmulator } from "../../emulator/src/testing";
import { identify, type ProcessId, signalProcess } from "../../emulator/src/vm/process/shims/signals.js";
import { renderStatus } from "../../run/status";
import { leaf, modelOf, split } from "../../trainer/test/model/models";
import { Backend } from "../boot/helpers/backend";
import { CliCommand } from "../helpers/cli-command";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";
import { statusOf } from "../run/fakes";
import { filesIn, type ProviderTexts, SmallRun } from "./small-run";
import { judgeRun, type Reference, type TrialResult, type Verdict } from "./trial";

/** One kill of one process that the trial started. */
export interface Kill {
    readonly target: "trainer" | "boot script" | "emulator" | "npm start" | "predict" | "results";
    readonly signal: "SIGKILL" | "SIGTERM" | "SIGINT";
    /** The command output that triggers the kill, or a delay in milliseconds after the process appears. */
    readonly moment: RegExp | number;
}

const SIGNALS = ["SIGKILL", "SIGTERM", "SIGINT"] as const;
const MOMENTS: Readonly<Record<Kill["target"], readonly Kill["moment"][]>> = {
    trainer: [0, 150, 400],
    "boot script": [0, 300, 1500, 4000],
    emulator: [300, 2000, 5000],
    "npm start": [
        /VM: /,
        /pulumi up, rehearsed/,
        /attempt 1: training/,
        /saved and verified/,
        /pulumi destroy, rehearsed/,
    ],
    predict: [0, 300, 1000],
    results: [0, 1000, 2500],
};

/** Every kill in the full sweep. */
export const KILLS: readonly Kill[] = Object.entries(MOMENTS).flatMap(([target, moments]) =>
    moments.flatMap((moment) => SIGNALS.map((signal) => ({ target: target as Kill["target"], signal, moment }))),
);

/** The name that identifies a kill in the results file. */
export const titleOf = ({ target, signal, moment }: Kill) => `kill=${target},signal=${signal},moment=${moment}`;

/** Values that all trials in a sweep share. */
export interface KillContext {
    readonly texts: ProviderTexts;
    readonly reference: Reference;
}

/** Runs one trial, which consists of the kill, its automatic consequences, and the next start. */
export async function runKill(context: KillContext, kill: Kill): Promise<TrialResult> {
    const startedAt = Date.now();
    const { target } = kill;
    const verdict = await (target === "trainer" || target === "boot script"
        ? killInVm(context, kill)
        : target === "emulator"
          ? killEmulator(context, kill)
          : killCommand(kill));
    return { rule: titleOf(kill), seconds: Math.round((Date.now() - startedAt) / 100) / 10, ...verdict };
}

async function killInVm({ texts, reference }: KillContext, { target, signal, moment }: Kill): Promise<Verdict> {
    const pattern = target === "trainer" ? /train\.cjs/ : /boot\.sh/;
    let isHit = false;
    let dataDir = "";
    const verdict = await SmallRun.with(texts, [], async (run) => {
        dataDir = run.vm.backend.cloud.dataDir;
        const killing = (async () => {
            const id = await firstProcess(dataDir, pattern);
            await sleep(Number(moment));
            isHit = id !== undefined && signalProcess(id, signal);
        })();
        const judged = await judgeRun(run, reference, () => isHit);
        await killing;
        return judged;
    });
    return withLeftovers(verdict, processesOf(dataDir));
}

/** An emulator in its own process, which a test can kill. */
export class EmulatorProcess {
    readonly cloud: TestEmulator;
    readonly #dataDir: string;
    #command: CliCommand;

    constructor(dataDir: string, command: CliCommand, url: string) {
        this.#dataDir = dataDir;
        this.#command = command;
        const stop = async () => {
            interrupt(this.#command, "SIGINT");
            await this.#command.ended;
        };
        const inventory = async () => [];
        const openEndpoint = async () => url;
        const port = Number(new URL(url).port);
        this.cloud = new TestEmulator(
            dataDir,
            { url, port, operatorToken: "developer", stop, inventory, openEndpoint },
            {},
        );
    }

    static async start(runtime: RuntimeKind = "process"): Promise<EmulatorProcess> {
        const dataDir = mkdtempSync(path.join(tmpdir(), "kill-emulator-"));
        writeFileSync(path.join(dataDir, "operator-token"), "developer\n");
        const command = startEmulatorCommand(dataDir, 0, runtime);
        return new EmulatorProcess(dataDir, command, await addressOf(command));
    }

    /** Signals the process and waits for its end. @returns true if it still existed */
    async kill(signal: Kill["signal"]): Promise<boolean> {
        const isHit = interrupt(this.#command, signal);
        await this.#command.ended;
        return isHit;
    }

    /** Starts another process with the same data on the same port. */
    async restart(runtime: RuntimeKind = "process"): Promise<void> {
        this.#command = startEmulatorCommand(this.#dataDir, this.cloud.port, runtime);
        await addressOf(this.#command);
    }
}

async function killEmulator({ texts, reference }: KillContext, { signal, moment }: Kill): Promise<Verdict> {
    const emulator = await EmulatorProcess.start();
    const { cloud } = emulator;
    const { dataDir } = cloud;
    let isHit = false;
    const verdict = await SmallRun.with(
        texts,
        [],
        async (run) => {
            const killing = (async () => {
                await sleep(Number(moment));
                isHit = await emulator.kill(signal);
                await emulator.restart();
            })();
            const judged = await judgeRun(run, reference, () => isHit);
            await killing;
            return judged;
        },
        () => Backend.on(cloud),
    );
    return withLeftovers(verdict, processesOf(dataDir));
}

function startEmulatorCommand(dataDir: string, port: number, runtime: RuntimeKind): CliCommand {
    const args = ["--runtime", runtime, "--data", dataDir, "--port", String(port)];
    return new CliCommand("emulator", args, { cwd: path.resolve(__dirname, "../..") });
}

const addressOf = async (command: CliCommand) => (await command.printed(/at (http:\/\/127\.0\.0\.1:\d+)/))[1] as string;

/** Kills a command in a project copy, starts it again, and compares the resulting files with those of a normal run. */
async function killCommand(kill: Kill): Promise<Verdict> {
    const project = copyProject({ withTrainer: kill.target === "npm start" });
    const scene = await SCENES[kill.target as keyof typeof SCENES](project, Number(kill.moment));
    try {
        const command = scene.start();
        await scene.begun(command);
        if (typeof kill.moment === "number") {
            await sleep(kill.moment);
        } else {
            await command.printed(kill.moment).catch(() => undefined);
        }
        const isHit = interrupt(command, kill.signal);
        await command.ended;
        const next = await scene.start().ended;
        if (next.status !== 0) {
            return { outcome: "lost", detail: `the next start ended with ${next.status}: ${next.output.slice(-2000)}` };
        }
        const problem = scene.problem();
        const verdict: Verdict = problem
            ? { outcome: "lost", detail: problem }
            : { outcome: isHit ? "survived" : "not hit" };
        return withLeftovers(verdict, processesOf(project.folder));
    } finally {
        await scene.stop();
        project.remove();
    }
}

interface Scene {
    start(): CliCommand;
    /** Resolves when it is time to kill the command. */
    begun(command: CliCommand): Promise<unknown>;
    /** Describes any damage that remains after the second start. Returns undefined if there is none. */
    problem(): string | undefined;
    stop(): Promise<void>;
}

const RUN = "r-0123456789";

const SCENES = {
    "npm start": async (project: ProjectCopy): Promise<Scene> => ({
        start: () => new CliCommand("start", ["--runtime", "process"], { cwd: project.folder }),
        begun: async () => undefined,
        problem: () => {
            const files = [...filesIn(path.join(project.folder, "models", "local")).keys()];
            // The results from the killed rehearsal are kept in another folder, named after the time.
            const models = files.filter((name) => /^r-[0-9a-f]+\/model\.json$/.test(name));
            const left = listed(path.join(project.folder, ".emulator"));
            const partial = files.filter((name) => /partial|\.tmp/.test(name));
            return models.length === 1 && left.length + partial.length === 0
                ? undefined
                : `models: ${models}; left in .emulator: ${left}; partial files: ${partial}`;
        },
        stop: async () => undefined,
    }),
    predict: async (project: ProjectCopy, moment: number): Promise<Scene> => {
        // The later the kill is, the longer the command must run.
        const rows = 200_000 + 1300 * moment;
        const folder = path.join(project.folder, "work");
        mkdirSync(folder);
        const features = [{ name: "size", kind: "number", missing: false }];
        const model = modelOf(features as Parameters<typeof modelOf>[0], undefined, [split(0, 100, leaf(1), leaf(2))]);
        writeFileSync(path.join(folder, "model.json"), JSON.stringify(model));
        writeFileSync(path.join(folder, "in.csv"), `size\n${"150\n".repeat(rows)}`);
        return {
            start: () =>
                new CliCommand("predict", ["--force", "model.json", "in.csv", "out.csv"], {
                    cwd: project.folder,
                    env: { INIT_CWD: folder, npm_package_json: path.join(project.folder, "package.json") },
                }),
            begun: (command) => untilFile(folder, /partial/, command),
            problem: () => {
                const names = listed(folder);
                const lines = readFileSync(path.join(folder, "out.csv"), "utf8").trim().split("\n").length;
                return names.length === 3 && lines === rows + 1 ? undefined : `files: ${names}; ${lines} lines`;
            },
            stop: async () => undefined,
        };
    },
    results: async (project: ProjectCopy): Promise<Scene> => {
        const plan = new FaultPlan([]);
        const cloud = await TestEmulator.start({ faults: plan });
        const bucket = await cloud.makeBucket("results-bucket");
        const names = Array.from({ length: 12 }, (_, index) => `part-${String(index).padStart(2, "0")}.bin`);
        for (const name of names) {
            await bucket.put(`runs/${RUN}/model/${name}`, name.repeat(5000));
        }
        const listing = await cloud.ok("GET", `/storage/v1/b/${bucket.name}/o?prefix=runs%2F${RUN}%2Fmodel%2F`);
        await bucket.put(`runs/${RUN}/objects.json`, JSON.stringify({ schema: 1, pages: [listing] }));
        await bucket.put(`runs/${RUN}/log/1/000000000000.txt`, "epoch 1\n");
        await bucket.put(
            `runs/${RUN}/status.json`,
            renderStatus(statusOf({ runId: RUN, state: "SUCCEEDED", exitCode: 0 })),
        );
        plan.replace([parseFaultRule("kind=delay,ms=300,count=all,path=alt=media")]);
        const folder = path.join(project.folder, "models", bucket.name, RUN);
        return {
            start: () =>
                new CliCommand("results", ["--bucket", `gs://${bucket.name}`], {
                    cwd: project.folder,
                    env: {
                        GOOGLE_STORAGE_CUSTOM_ENDPOINT: `${cloud.url}/storage/v1/`,
                        GOOGLE_OAUTH_ACCESS_TOKEN: "developer",
                    },
                }),
            begun: async (command) => {
                while (plan.hits.length < 2 && command.id !== undefined) {
                    await sleep(20);
                }
            },
            problem: () => {
                const files = filesIn(folder);
                const expected = [...names, "manifest.json", "status.json", "trainer.log"].sort();
                const whole = names.every((name) => String(files.get(name)) === name.repeat(5000));
                const others = listed(path.dirname(folder)).filter((name) => ![RUN, "index.html"].includes(name));
                return whole && String([...files.keys()].sort()) === String(expected) && others.length === 0
                    ? undefined
                    : `files: ${[...files.keys()]}; next to them:  ${others}`;
            },
            stop: () => cloud.stop(),
        };
    },
};

const listed = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);

async function untilFile(folder: string, pattern: RegExp, command: CliCommand): Promise<void> {
    while (!listed(folder).some((name) => pattern.test(name)) && command.id !== undefined) {
        await sleep(5);
    }
}

/** @returns true if the process still existed */
function interrupt(command: CliCommand, signal: Kill["signal"]): boolean {
    const { id } = command;
    return id !== undefined && signalProcess(id, signal);
}

function withLeftovers(verdict: Verdict, left: readonly { pid: number; command: string }[]): Verdict {
    return left.length === 0
        ? verdict
        : {
              outcome: "lost",
              detail: `${verdict.outcome}, but it left ${left.map(({ command }) => command).join("; ")}`,
          };
}

/**
 * Finds the processes whose environment or command line contains this folder. It is the trial's own temporary folder,
 * so no other processes can match.
 */
export function processesOf(folder: string): { pid: number; command: string }[] {
    return listed("/proc")
        .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
        .map((name) => ({
            pid: Number(name),
            command: read(`/proc/${name}/cmdline`),
            env: read(`/proc/${name}/environ`),
        }))
        .filter(({ command, env }) => `${command}\0${env}`.includes(`${folder}/`))
        .map(({ pid, command }) => ({ pid, command: command.replaceAll("\0", " ").trim() }));
}

/** Waits until a VM has a matching process. */
async function firstProcess(dataDir: string, pattern: RegExp): Promise<ProcessId | undefined> {
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline) {
        const found = processesOf(path.join(dataDir, "vms")).find(({ command }) => pattern.test(command));
        const id = found && identify(found.pid);
        if (id !== undefined) {
            return id;
        }
        await sleep(20);
    }
    return undefined;
}

function read(file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return "";
    }
}
