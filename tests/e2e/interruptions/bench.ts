import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FaultPlan, parseFaultRule } from "../../../emulator/src";
import { type Command, killLeft } from "../engine/command";
import { Cloud, Project } from "../engine/support";

/** Slows down every change, so that there is time to interrupt a command between a request and its response. */
export const SLOW = ["POST", "PUT", "PATCH", "DELETE"].map((method) =>
    parseFaultRule(`kind=delay,ms=2500,count=all,port=main,method=${method}`),
);

/** Ways to interrupt a command. */
export type How = "kill -9" | "Ctrl-C twice" | "a lost network, then Ctrl-C twice";

/** Breaks every request to the APIs before it reaches them. */
const OFFLINE = parseFaultRule("kind=reset-before,count=all,port=main");

/** The emulator and the project for one trial, in their own folder. */
export interface Bench {
    readonly cloud: Cloud;
    readonly project: Project;
    readonly plan: FaultPlan;
}

const STACK = "trial";
const LIMIT_MS = 15 * 60_000;

/** Folders that contain the stack's state, the emulator's data and the project at one moment. */
export class Moments {
    readonly #folder: string;

    constructor(folder: string) {
        this.#folder = folder;
    }

    has(name: string): boolean {
        return existsSync(this.#path(name));
    }

    /** Creates a stack that has never been deployed. */
    async init(name: string): Promise<void> {
        mkdirSync(path.join(this.#path(name), "state"), { recursive: true });
        await this.use(name, name, async ({ project }) => {
            await project.init();
        });
    }

    /** Copies the folders that were saved for a moment. */
    copy(from: string, to: string): void {
        this.remove(to);
        cpSync(this.#path(from), `${this.#path(to)}.partial`, { recursive: true, verbatimSymlinks: true });
        renameSync(`${this.#path(to)}.partial`, this.#path(to));
    }

    remove(name: string): void {
        rmSync(this.#path(name), { recursive: true, force: true });
    }

    /** Continues from a copy of a moment, or from the moment itself if the two names are the same. */
    async use<T>(from: string, as: string, work: (bench: Bench) => Promise<T>): Promise<T> {
        if (from !== as) {
            this.copy(from, as);
        }
        const plan = new FaultPlan([]);
        const cloud = await Cloud.open(this.#path(as), "docker", { port: this.#port(), faults: plan });
        this.#rememberPort(cloud);
        try {
            const project = new Project(cloud, STACK, { trainer: "tiny", hyperparameters: { seconds: 1 } });
            return await work({ cloud, project, plan });
        } finally {
            await cloud.close();
        }
    }

    #path(name: string): string {
        return path.join(this.#folder, name);
    }

    /** Addresses are part of the state, so all copies use the same port. */
    #port(): number {
        const file = this.#path("port");
        return existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
    }

    #rememberPort(cloud: Cloud): void {
        writeFileSync(this.#path("port"), new URL(cloud.url).port);
    }
}

/**
 * Interrupts a command once its output matches, and waits until none of its processes is left.
 * @returns the match, or undefined if the command ended first
 */
export async function interruptAt(
    command: Command,
    { pattern, how, delayMs, plan }: { pattern: RegExp; how: How; delayMs: number; plan: FaultPlan },
): Promise<RegExpExecArray | undefined> {
    const match = await command.printedMatch(pattern);
    if (match === undefined) {
        return undefined;
    }
    await sleep(delayMs);
    const processes = command.processes();
    if (how === "kill -9") {
        await command.kill();
        // The providers outlive the command, and may finish what they have begun.
        await sleep(1000);
    } else {
        if (how !== "Ctrl-C twice") {
            plan.replace([OFFLINE]);
            // The providers repeat their requests in the meantime.
            await sleep(10_000);
        }
        command.interrupt();
        await command.printedMatch(/press \^C again/);
        command.interrupt();
        await command.ended;
    }
    killLeft(processes);
    return match;
}

/** Waits for a command, which must succeed within a time limit. @returns its output if it does not */
export async function problemOf(command: Command): Promise<string | undefined> {
    const processes = () => command.processes();
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<"late">((resolve) => {
        timer = setTimeout(() => resolve("late"), LIMIT_MS);
    });
    const ended = await Promise.race([command.ended, limit]);
    clearTimeout(timer);
    if (ended === "late") {
        killLeft(processes());
        return `it did not end within ${LIMIT_MS / 60_000} minutes`;
    }
    return ended.exitCode === 0 ? undefined : ended.output;
}
