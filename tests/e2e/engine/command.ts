import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
    identify,
    membersOf,
    type ProcessId,
    signalForeground,
    signalProcess,
} from "../../../emulator/src/vm/process/shims/signals.js";

/** The result of a command. */
export interface Ended {
    readonly exitCode: number | null;
    readonly stdout: string;
    /** Standard output and standard error, in the order of arrival. */
    readonly output: string;
}

/** Kills processes that are still running. */
export function killLeft(processes: readonly ProcessId[]): void {
    for (const one of processes) {
        signalProcess(one, "SIGKILL");
    }
}

/** A command running in its own process group. */
export class Command {
    readonly ended: Promise<Ended>;
    readonly #child: ChildProcess;
    #stdout = "";
    #output = "";
    #onOutput: () => void = () => undefined;

    readonly #program: string;
    readonly #args: readonly string[];

    constructor(program: string, args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
        this.#program = program;
        this.#args = args;

        const child = spawn(program, args, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
        this.#child = child;
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
            this.#stdout += text;
            this.#add(text);
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => this.#add(text));
        this.ended = once(child, "close").then(([exitCode]) => {
            return { exitCode: exitCode as number | null, stdout: this.#stdout, output: this.#output };
        });
    }

    /**
     * Resolves when the command has ended.
     * @throws {Error} with all output if the exit status is not 0
     */
    async expectSuccess(): Promise<Ended> {
        const ended = await this.ended;
        if (ended.exitCode !== 0) {
            throw new Error(`${this.#line} ended with ${ended.exitCode}:\n${ended.output}`);
        }
        return ended;
    }

    /**
     * Resolves when the command has ended.
     * @throws {Error} with all output if the exit status is 0
     */
    async expectFailure(): Promise<Ended> {
        const ended = await this.ended;
        if (ended.exitCode === 0) {
            throw new Error(`${this.#line} succeeded:\n${ended.output}`);
        }
        return ended;
    }

    /**
     * Resolves once the command has printed this text.
     * @throws {Error} with all output if the command ends first
     */
    async printed(text: string): Promise<void> {
        if ((await this.printedMatch(new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")))) === undefined) {
            const { output } = await this.ended;
            throw new Error(`${this.#line} ended without printing "${text}":\n${output}`);
        }
    }

    /** Resolves once the output matches, or with undefined if the command ends first. */
    async printedMatch(pattern: RegExp): Promise<RegExpExecArray | undefined> {
        const seen = new Promise<RegExpExecArray>((resolve) => {
            this.#onOutput = () => {
                const match = pattern.exec(this.#output);
                if (match) {
                    resolve(match);
                }
            };
            this.#onOutput();
        });
        return await Promise.race([seen, this.ended.then(() => undefined)]);
    }

    /** Interrupts the command and everything it started, like Ctrl-C in a terminal. */
    interrupt(): void {
        const leader = identify(this.#child.pid);
        if (leader !== undefined) {
            signalForeground(leader, "SIGINT");
        }
    }

    /** Kills only the command, without a chance to clean up. The processes it started keep running. */
    async kill(): Promise<void> {
        if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
            return;
        }
        // Wait for "exit" instead of "close", because processes that it started may keep its output open.
        const exit = once(this.#child, "exit");
        this.#child.kill("SIGKILL");
        await exit;
    }

    /** The command's processes that are running now. Providers leave its process group. */
    processes(): ProcessId[] {
        const leader = identify(this.#child.pid);
        return leader === undefined ? [] : membersOf([leader]);
    }

    get #line(): string {
        return `${this.#program} ${this.#args.join(" ")}`;
    }

    #add(text: string): void {
        this.#output += text;
        this.#onOutput();
    }
}
