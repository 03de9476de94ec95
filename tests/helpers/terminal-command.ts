import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { Terminal } from "@xterm/headless";
import { LOADER } from "./cli-command";

const PSEUDO_TERMINAL = path.join(__dirname, "pseudo_terminal.py");

/** The reason pseudo-terminals cannot be used on this machine, or undefined if they can. */
export function reasonWithoutTerminal(): string | undefined {
    return spawnSync("python3", ["-c", "import pty"]).status === 0 ? undefined : "python3 is missing";
}

/** A command, or a TypeScript program, in a pseudo-terminal, with a model of what its screen shows. */
export class TerminalCommand {
    readonly ended: Promise<number>;
    /** Everything that the program has written, with control sequences. */
    output = "";
    readonly #child: ChildProcess;
    readonly #screen: Terminal;
    #onChange: () => void = () => undefined;

    constructor(
        program: string,
        args: readonly string[],
        {
            rows = 24,
            columns = 80,
            ...options
        }: { rows?: number; columns?: number; cwd: string; env: NodeJS.ProcessEnv },
    ) {
        this.#screen = new Terminal({ rows, cols: columns, allowProposedApi: true, scrollback: 10_000 });
        const runner = program.endsWith(".ts") ? [process.execPath, "-r", LOADER] : [];
        const command = [...runner, program, ...args];
        const pty = [PSEUDO_TERMINAL, String(rows), String(columns)];
        this.#child = spawn("python3", [...pty, ...command], {
            ...options,
            env: { ...options.env, TERM: "xterm-256color" },
            stdio: ["pipe", "pipe", "inherit"],
        });
        this.#child.stdout?.on("data", (bytes: Buffer) => {
            this.output += bytes.toString("utf8");
            this.#screen.write(bytes, () => this.#onChange());
        });
        this.ended = once(this.#child, "close").then(async ([status]) => {
            // The screen processes its input asynchronously.
            await new Promise<void>((resolve) => this.#screen.write("", resolve));
            return status as number;
        });
    }

    /** The lines on the screen, without trailing empty ones. */
    get screen(): string[] {
        return this.#lines(this.#screen.buffer.active.baseY);
    }

    /** The lines on the screen and those that have scrolled off its top, without the notice about an empty cache. */
    get history(): string[] {
        return this.#lines(0).filter((line) => !line.startsWith("Compiling the program;"));
    }

    /** The lines that the terminal has wrapped because they are longer than its width. */
    get wrapped(): string[] {
        const { active } = this.#screen.buffer;
        return Array.from({ length: active.length }, (_, index) => index)
            .filter((index) => active.getLine(index + 1)?.isWrapped)
            .map((index) => active.getLine(index)?.translateToString(true) ?? "");
    }

    /** Types text; `\x03` is Ctrl-C. */
    type(text: string): void {
        this.#child.stdin?.write(text);
    }

    /**
     * Resolves once a line on the screen matches.
     * @throws {Error} with the history if the program ends first
     */
    async shows(pattern: RegExp): Promise<void> {
        const seen = new Promise<true>((resolve) => {
            this.#onChange = () => this.screen.some((line) => pattern.test(line)) && resolve(true);
            this.#onChange();
        });
        if ((await Promise.race([seen, this.ended])) !== true && !this.history.some((line) => pattern.test(line))) {
            throw new Error(`The program ended without showing ${pattern}:\n${this.history.join("\n")}`);
        }
    }

    #lines(first: number): string[] {
        const { active } = this.#screen.buffer;
        const lines = Array.from(
            { length: active.length - first },
            (_, index) => active.getLine(first + index)?.translateToString(true) ?? "",
        );
        while (lines.at(-1) === "") {
            lines.pop();
        }
        return lines;
    }
}
