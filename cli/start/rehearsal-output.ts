import { Screen, type Terminal } from "../shared/screen";
import { colourLine, wrapLine } from "../shared/style";

const REDRAW_MS = 500;

/** The output of a rehearsal: lines, which are coloured and broken between words on a terminal, and one live line. */
export class RehearsalOutput {
    readonly #terminal: Terminal;
    readonly #screen: Screen;
    readonly #active = new Map<object, { title: string; progress: string; sinceMs: number }>();
    #timer: NodeJS.Timeout | undefined;

    constructor(terminal: Terminal) {
        this.#terminal = terminal;
        this.#screen = new Screen(terminal);
    }

    print(line: string): void {
        if (!this.#screen.isInteractive) {
            this.#screen.print(line);
            return;
        }
        for (const one of line.split("\n").flatMap((part) => wrapLine(part, this.#terminal.columns - 1))) {
            this.#screen.print(colourLine(one));
        }
    }

    /** Adds something to the live line. The result removes it, or changes its progress if it is given text. */
    begin(title: string): (progress?: string) => void {
        const key = {};
        this.#active.set(key, { title, progress: "", sinceMs: Date.now() });
        if (this.#screen.isInteractive) {
            this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS).unref();
        }
        return (progress) => {
            const entry = this.#active.get(key);
            if (progress === undefined) {
                this.#active.delete(key);
            } else if (entry !== undefined) {
                entry.progress = progress;
            }
        };
    }

    /** Removes the live line. */
    end(): void {
        clearInterval(this.#timer);
        this.#active.clear();
        this.#screen.showLive([]);
    }

    #draw(): void {
        const parts = [...this.#active.values()].map(({ title, progress, sinceMs }) => {
            const seconds = `${Math.floor((Date.now() - sinceMs) / 1000)} s`;
            return `${title} ${progress === "" ? seconds : progress}`;
        });
        this.#screen.showLive(parts.length === 0 ? [] : [parts.join(", ")]);
    }
}
