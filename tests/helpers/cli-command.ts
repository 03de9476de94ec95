import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Writable } from "node:stream";
import { identify, type ProcessId } from "../../emulator/src/vm/process/shims/signals.js";

/** The result of a command. */
export interface EndedCommand {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
    /** Standard output and standard error, in the order of arrival. */
    readonly output: string;
}

/** The loader that the scripts in package.json use. */
export const LOADER = path.resolve(__dirname, "../../load-typescript.cjs");

/** Options for a command. */
export interface CommandOptions {
    readonly cwd: string;
    /** Variables in addition to this process's own. */
    readonly env?: NodeJS.ProcessEnv;
}

/** A project command in its own process, started like the script in package.json. */
export class CliCommand {
    readonly ended: Promise<EndedCommand>;
    readonly #child: ChildProcess;
    #stdout = "";
    #stderr = "";
    #output = "";
    #onOutput: () => void = () => undefined;

    /** @param script a script in package.json that runs Node.js */
    constructor(script: string, args: readonly string[], { cwd, env = {} }: CommandOptions) {
        const { scripts } = JSON.parse(readFileSync(path.join(cwd, "package.json"), "utf8")) as {
            scripts: Record<string, string>;
        };
        const [, ...nodeArgs] = (scripts[script] ?? "").split(" ");
        const child = spawn(process.execPath, [...nodeArgs, ...args], { cwd, env: { ...process.env, ...env } });
        this.#child = child;
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
            this.#stdout += text;
            this.#add(text);
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
            this.#stderr += text;
            this.#add(text);
        });
        this.ended = once(child, "close").then(([status]) => ({
            status: status as number | null,
            stdout: this.#stdout,
            stderr: this.#stderr,
            output: this.#output,
        }));
    }

    /** Standard output and standard error so far. */
    get output(): string {
        return this.#output;
    }

    /** The process, for `signalProcess`; undefined once it has ended. */
    get id(): ProcessId | undefined {
        return identify(this.#child.pid);
    }

    get stdin(): Writable {
        return this.#child.stdin as Writable;
    }

    /**
     * Resolves with the match once the output contains it.
     * @throws {Error} with the output if the command ends first
     */
    async printed(pattern: RegExp): Promise<RegExpExecArray> {
        const seen = new Promise<void>((resolve) => {
            this.#onOutput = () => {
                if (pattern.test(this.#output)) {
                    resolve();
                }
            };
            this.#onOutput();
        });
        await Promise.race([seen, this.ended]);
        const match = pattern.exec(this.#output);
        if (match === null) {
            throw new Error(`The command ended without printing ${pattern}:\n${this.#output}`);
        }
        return match;
    }

    /** Stops reading standard output, as `head` does. */
    closeStdout(): void {
        this.#child.stdout?.destroy();
    }

    kill(signal: NodeJS.Signals): void {
        this.#child.kill(signal);
    }

    #add(text: string): void {
        this.#output += text;
        this.#onOutput();
    }
}
