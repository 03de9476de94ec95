import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import path from "node:path";
import { TestEmulator } from "../../emulator/src/testing";
import { runLayout } from "../../run/layout";
import { Backend } from "../boot/helpers/backend";
import { EmulatedVm } from "../boot/helpers/emulated-vm";
import { RUN_ID } from "../boot/helpers/vm";
import { copyProject } from "../helpers/project-copy";
import { forestForClasses, forestOf } from "./large-models";
import { peakMemory } from "./memory";
import { disturbedSweep, trivialArray, trivialSweep } from "./sweep";

/** Sizes for the sections. */
export interface Sizes {
    readonly clients: number;
    readonly objects: number;
    readonly logMb: number;
    readonly modelMb: number;
    readonly files: number;
    readonly runs: number;
    readonly starts: number;
    readonly trees: number;
    readonly classes: number;
    /** Number of points in a sweep in which some points fail or are preempted. */
    readonly sweep: number;
    /** Number of points in a sweep with a trainer that does nothing. */
    readonly points: number;
    /** Number of tasks in an array whose tasks do nothing. */
    readonly array: number;
}

export type SectionName = keyof Sizes;

/**
 * Each section returns a line of figures. It throws if something fails or grows.
 * @param minutes time after which no further run starts
 */
export const SECTIONS: Readonly<Record<SectionName, (size: number, minutes: number) => Promise<string>>> = {
    clients: parallelClients,
    objects: listObjects,
    logMb: (megabytes) =>
        rehearsal(`${megabytes} MB of log`, { LOG_MB: megabytes, MODEL_MB: 1, FILES: 1 }, megabytes * 1e6),
    modelMb: (megabytes) =>
        rehearsal(`${megabytes} MB of model`, { LOG_MB: 0, MODEL_MB: megabytes, FILES: 1 }, megabytes * 1e6),
    files: (files) => rehearsal(`${files} files of model`, { LOG_MB: 0, MODEL_MB: 0, FILES: files }, 0, files),
    runs: consecutiveRuns,
    starts: simultaneousStarts,
    trees: forestOf,
    classes: forestForClasses,
    sweep: disturbedSweep,
    points: trivialSweep,
    array: trivialArray,
};

/** Maximum memory in MB that any process of a rehearsal may use, whatever the size of the log and the model. */
const MOST_MEMORY_MB = 1000;

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const milliseconds = (value: number) => `${value.toFixed(1)} ms`;

async function withEmulator(use: (emulator: TestEmulator) => Promise<string>): Promise<string> {
    const emulator = await TestEmulator.start();
    try {
        await emulator.makeBucket("load");
        return await use(emulator);
    } finally {
        await emulator.stop();
    }
}

/** Uploads an object over a connection that stays open. */
async function upload({ url }: TestEmulator, agent: Agent, name: string, content: Buffer): Promise<void> {
    const target = `${url}/upload/storage/v1/b/load/o?uploadType=media&name=${encodeURIComponent(name)}`;
    const headers = { authorization: "Bearer developer", "content-length": content.length };
    await new Promise<void>((resolve, reject) => {
        const call = request(target, { agent, method: "POST", headers }, (response) => {
            response.resume().on("end", () => {
                if (response.statusCode === 200) {
                    resolve();
                } else {
                    reject(new Error(`${name}: HTTP ${response.statusCode}`));
                }
            });
        });
        call.on("error", reject).end(content);
    });
}

/** Uploads the objects with the numbers from `first` to `end` - 1 with this number of clients in parallel. */
async function uploadAll(
    emulator: TestEmulator,
    first: number,
    end: number,
    clients: number,
    content: Buffer,
): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: clients });
    let next = first;
    try {
        await Promise.all(
            Array.from({ length: clients }, async () => {
                for (let index = next++; index < end; index = next++) {
                    await upload(emulator, agent, `runs/${index % 97}/${index}`, content);
                }
            }),
        );
    } finally {
        agent.destroy();
    }
}

function parallelClients(clients: number): Promise<string> {
    return withEmulator(async (emulator) => {
        const began = performance.now();
        await uploadAll(emulator, 0, clients * 10, clients, Buffer.alloc(50_000, "x"));
        return `${clients} parallel clients: ${clients * 10} uploads without an error in ${seconds(began)}`;
    });
}

/**
 * Lists a bucket when it contains a tenth of the objects, and again when it contains all of them, and compares the
 * times per page.
 */
function listObjects(objects: number): Promise<string> {
    return withEmulator(async (emulator) => {
        const tenth = Math.ceil(objects / 10);
        await uploadAll(emulator, 0, tenth, 50, Buffer.from("x"));
        // Only pages of the same size are comparable.
        const pageSize = Math.min(1000, tenth);
        const few = await listPages(emulator, tenth, pageSize);
        await uploadAll(emulator, tenth, objects, 50, Buffer.from("x"));
        const all = await listPages(emulator, objects, pageSize);
        if (median(all) > 3 * median(few) + 5) {
            throw new Error(`a page took ${median(few)} ms of ${tenth} objects, but ${median(all)} ms of ${objects}`);
        }
        const timesOf = (times: readonly number[]) =>
            `median ${milliseconds(median(times))}, last ${milliseconds(times.at(-1) ?? 0)}`;
        return `pages of ${pageSize} objects: ${timesOf(few)} in a bucket of ${tenth}; ${timesOf(all)} in a bucket of ${objects}`;
    });
}

/** Lists all objects and returns the milliseconds for each page. */
async function listPages(emulator: TestEmulator, objects: number, pageSize: number): Promise<number[]> {
    // The first listing after an upload also sorts the new names.
    await emulator.ok("GET", "/storage/v1/b/load/o?maxResults=1");
    const times: number[] = [];
    let listed = 0;
    let token = "";
    do {
        const began = performance.now();
        const page = await emulator.ok("GET", `/storage/v1/b/load/o?maxResults=${pageSize}&pageToken=${token}`);
        times.push(performance.now() - began);
        listed += (page.items as unknown[]).length;
        token = String(page.nextPageToken ?? "");
    } while (token !== "");
    if (listed !== objects) {
        throw new Error(`${listed} of ${objects} objects were listed`);
    }
    return times;
}

function median(values: readonly number[]): number {
    return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** A trainer that logs LOG_MB in lines of 100 bytes, and then uploads a model of MODEL_MB in FILES files. */
const TRAINER = `
const { request } = require("node:http");
const { LOG_MB, MODEL_MB, FILES } = JSON.parse(require("node:fs").readFileSync(__dirname + "/sizes.json", "utf8"));
const [, bucket, prefix] = /^gs:\\/\\/([^/]+)\\/(.*?)\\/?$/.exec(process.env.AIP_MODEL_DIR);
const host = process.env.STORAGE_EMULATOR_HOST.replace(/^(?!http)/, "http://");
const block = Buffer.alloc(1e6, "epoch 1 loss 0.5 ".repeat(6).slice(0, 99) + "\\n");
const write = (stream, data) => stream.write(data) ? undefined : new Promise((resolve) => stream.once("drain", resolve));
async function put(name, blocks) {
    const url = host + "/upload/storage/v1/b/" + bucket + "/o?uploadType=media&name=" + encodeURIComponent(prefix + "/" + name);
    const call = request(url, { method: "POST", headers: { "content-length": blocks * block.length } });
    const response = new Promise((resolve, reject) => call.on("error", reject).on("response", (answer) => {
        answer.resume().on("end", () => answer.statusCode === 200 ? resolve() : reject(new Error(name + ": HTTP " + answer.statusCode)));
    }));
    for (let index = 0; index < blocks; index++) { await write(call, block); }
    call.end();
    await response;
}
(async () => {
    for (let index = 0; index < LOG_MB; index++) { await write(process.stdout, block); }
    for (let index = 0; index < FILES; index++) { await put("part-" + index, index === 0 ? MODEL_MB : 0); }
})();
`;

/** Rehearses a stack with a trainer that uses these sizes, and checks what it saved. */
async function rehearsal(
    what: string,
    sizes: Readonly<Record<"LOG_MB" | "MODEL_MB" | "FILES", number>>,
    leastBytes: number,
    leastFiles = 1,
): Promise<string> {
    const project = copyProject();
    try {
        const trainer = path.join(project.folder, "heavy");
        mkdirSync(trainer);
        writeFileSync(path.join(trainer, "package.json"), '{"scripts":{"start":"node train.js"}}');
        writeFileSync(path.join(trainer, "train.js"), TRAINER);
        writeFileSync(path.join(trainer, "sizes.json"), JSON.stringify(sizes));
        writeFileSync(path.join(trainer, "Dockerfile"), "FROM scratch\n");
        const began = performance.now();
        const { ownMb, childMb } = await npmStart(project.folder, ["--config", "trainer=heavy"]);
        const saved = filesIn(path.join(project.folder, "models"));
        const bytes = saved.reduce((sum, file) => sum + statSync(file).size, 0);
        if (bytes < leastBytes || saved.length < leastFiles) {
            throw new Error(`${what}: only ${saved.length} files of ${bytes} bytes were saved`);
        }
        if (Math.max(ownMb, childMb) > MOST_MEMORY_MB) {
            throw new Error(`${what}: a process used ${Math.max(ownMb, childMb)} MB of memory`);
        }
        return `${what}: saved in ${seconds(began)}; npm start used at most ${ownMb} MB, its largest child ${childMb} MB`;
    } finally {
        project.remove();
    }
}

/**
 * Runs `npm start` and samples its memory and that of its descendants, which is reported as 0 on systems without /proc.
 * @throws {Error} with the end of its output unless it succeeds
 */
async function npmStart(folder: string, args: readonly string[]): Promise<{ ownMb: number; childMb: number }> {
    const command = ["-r", "./load-typescript.cjs", "cli/start/main.ts", "--runtime", "process", ...args];
    const child = spawn(process.execPath, command, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let tail = "";
    const keep = (chunk: Buffer) => {
        tail = (tail + chunk.toString("latin1")).slice(-2000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const memory = peakMemory(child.pid ?? 0);
    const [status] = (await once(child, "close")) as [number | null];
    const peak = memory.stop();
    if (status !== 0) {
        throw new Error(`npm start ended with ${status}:\n${tail}`);
    }
    return peak;
}

function filesIn(folder: string): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Runs the boot script repeatedly in one emulator, with a new status each time, and reports the number of runs. */
async function consecutiveRuns(most: number, minutes: number): Promise<string> {
    const samples: { rssMb: number; handles: number }[] = [];
    const began = performance.now();
    await EmulatedVm.on(await Backend.start(), async (vm) => {
        await vm.create(await vm.pushTrainer('console.log("trained")'));
        for (let run = 0; run < most && performance.now() - began < minutes * 60_000; run++) {
            if (run > 0) {
                await vm.backend.bucket.remove(runLayout(RUN_ID).status);
                await vm.startAgain();
            }
            await vm.untilOff();
            const status = await vm.status();
            if (status?.state !== "SUCCEEDED") {
                throw new Error(`run ${run} is ${status?.state}: ${status?.reason}`);
            }
            samples.push({ rssMb: Math.round(process.memoryUsage().rss / 1e6), handles: openHandles() });
        }
    });
    const runs = samples.length;
    const early = samples[Math.floor(runs / 10)];
    const late = samples.at(-1);
    if (early === undefined || late === undefined || late.handles > early.handles + 10) {
        throw new Error(`open files grew from ${early?.handles} to ${late?.handles}`);
    }
    if (late.rssMb > early.rssMb * 1.5 + 50) {
        throw new Error(`memory grew from ${early.rssMb} MB to ${late.rssMb} MB`);
    }
    return (
        `${runs} consecutive runs in ${seconds(began)}: memory ${early.rssMb} MB after a tenth, ${late.rssMb} MB at the ` +
        `end; open files ${early.handles} and ${late.handles}`
    );
}

function messageOf(error: unknown): string {
    return error instanceof Error ? error.message : String(error);
}

function openHandles(): number {
    try {
        return readdirSync("/proc/self/fd").length;
    } catch {
        return 0;
    }
}

async function simultaneousStarts(starts: number): Promise<string> {
    const project = copyProject();
    try {
        const began = performance.now();
        // All commands end before the project is removed, even if one fails.
        const ended = await Promise.allSettled(Array.from({ length: starts }, () => npmStart(project.folder, [])));
        const failed = ended.flatMap((one) => (one.status === "rejected" ? [messageOf(one.reason)] : []));
        if (failed.length > 0) {
            throw new Error(`${failed.length} of ${starts} failed; the first: ${failed[0]}`);
        }
        const left = readdirSync(path.join(project.folder, ".emulator"));
        if (left.length > 0) {
            throw new Error(`left behind in .emulator: ${left.join(", ")}`);
        }
        return `${starts} simultaneous npm start: all saved a model in ${seconds(began)}`;
    } finally {
        project.remove();
    }
}
