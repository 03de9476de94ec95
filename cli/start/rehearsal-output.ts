import { QUIET_MS, Screen, type Terminal } from "../shared/screen";

const REDRAW_MS = 500;

/** The output of a rehearsal: permanent lines and, on a terminal, a live line with the tasks in progress. */
export class RehearsalOutput {
    readonly #screen: Screen;
    readonly #active = new Map<object, { title: string; progress: string; sinceMs: number }>();
    #timer: NodeJS.Timeout | undefined;
    #printedAtMs = Date.now();

    constructor(terminal: Terminal) {
        this.#screen = new Screen(terminal);
    }

    print(line: string): void {
        this.#printedAtMs = Date.now();
        this.#screen.print(line);
    }

    /** Adds a task. Returns a function that shows its progress if called with text, and removes it otherwise. */
    begin(title: string): (progress?: string) => void {
        const key = {};
        this.#active.set(key, { title, progress: "", sinceMs: Date.now() });
        this.#timer ??= setInterval(() => this.#show(), REDRAW_MS).unref();
        // Show the task at once, because it may block the timer.
        this.#show();
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

    #show(): void {
        const parts = [...this.#active.values()].map(({ title, progress, sinceMs }) => {
            const seconds = `${Math.floor((Date.now() - sinceMs) / 1000)} s`;
            return `${title} ${progress === "" ? seconds : progress}`;
        });
        this.#screen.showLive(parts.length === 0 ? [] : [parts.join(", ")]);
        if (!this.#screen.isRewritable && parts.length > 0 && Date.now() - this.#printedAtMs >= QUIET_MS) {
            this.print(`in progress: ${parts.join(", ")}`);
        }
    }
}
