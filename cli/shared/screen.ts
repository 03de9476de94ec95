import path from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { terminalText } from "../../run/terminal-text";
import { colourLine, wrapLine } from "./style";

/** Time without output after which a non-interactive destination shows the operations in progress. */
export const QUIET_MS = 30_000;

/** The destination for a command's output. */
export interface Terminal {
    /** True on a terminal, where long lines are broken between words and a user can be asked. */
    readonly isInteractive: boolean;
    /** True if lines can be rewritten; otherwise every line is final. */
    readonly isRewritable: boolean;
    readonly hasColours: boolean;
    readonly columns: number;
    write(text: string): void;
}

/** Permanent lines that scroll up, and below them a few live lines, which are rewritten on an interactive terminal. */
export class Screen {
    readonly #terminal: Terminal;
    #live: readonly string[] = [];

    constructor(terminal: Terminal) {
        this.#terminal = terminal;
    }

    get isInteractive(): boolean {
        return this.#terminal.isInteractive;
    }

    get isRewritable(): boolean {
        return this.#terminal.isRewritable;
    }

    /** Prints permanent lines. Control characters are escaped. On a terminal, lines are broken between words. */
    print(text: string): void {
        if (this.isInteractive) {
            const shown = text
                .split("\n")
                .map((line) => this.#lines(line))
                .join("");
            this.#terminal.write(this.#clear() + shown + this.#draw());
        } else {
            this.#terminal.write(`${this.#coloured(text)}\n`);
        }
    }

    /** Replaces the live lines, which are cut at the terminal's width. Other destinations do not show them. */
    showLive(lines: readonly string[]): void {
        if (this.isRewritable) {
            const clear = this.#clear();
            this.#live = lines;
            this.#terminal.write(clear + this.#draw());
        }
    }

    /**
     * Formats one line of text. If an address of a file makes it too long, the path stands in its place, and links to
     * the address in terminals that support links.
     */
    #lines(line: string): string {
        const width = this.#terminal.columns - 1;
        const url = line.length > width ? /\bfile:\/\/\/\S+/.exec(line)?.[0] : undefined;
        const file = url && terminalText(path.relative("", fileURLToPath(url)));
        const lines = wrapLine(file ? line.replace(url, () => file) : line, width);
        const shown = lines.map((each) => `${this.#coloured(each)}\n`).join("");
        return file && this.isRewritable ? shown.replace(file, () => hyperlink(url, file)) : shown;
    }

    #coloured(text: string): string {
        return this.#terminal.hasColours
            ? terminalText(colourLine(text))
            : stripVTControlCharacters(terminalText(text));
    }

    /** Moves the cursor to the first live line and clears from there. */
    #clear(): string {
        const above = this.#live.length - 1;
        return this.#live.length === 0 ? "" : `\r${above > 0 ? `\x1b[${above}A` : ""}\x1b[J`;
    }

    #draw(): string {
        const width = Math.max(1, this.#terminal.columns - 1);
        return this.#live.map((line) => terminalText(line).slice(0, width)).join("\n");
    }
}

/** A link as terminals show it, with the sequence that iTerm2 and VTE introduced, OSC 8. Others show only the text. */
function hyperlink(url: string, text: string): string {
    return `\x1b]8;;${url}\x1b\\${text}\x1b]8;;\x1b\\`;
}
