import path from "node:path";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import { processTerminal } from "../../../cli/shared/command-context";
import { Screen, type Terminal } from "../../../cli/shared/screen";
import { RehearsalOutput } from "../../../cli/start/rehearsal-output";

class FakeTerminal implements Terminal {
    written = "";
    readonly isInteractive: boolean;
    readonly isRewritable: boolean;
    readonly hasColours: boolean;
    readonly columns = 20;

    constructor({ isInteractive }: { isInteractive: boolean }) {
        this.isInteractive = isInteractive;
        this.isRewritable = isInteractive;
        this.hasColours = isInteractive;
    }

    write(text: string): void {
        this.written += text;
    }
}

describe("a line that is wider than the terminal", () => {
    it("is broken between words, with a hanging indent, and is coloured", () => {
        const terminal = new FakeTerminal({ isInteractive: true });

        new Screen(terminal).print("  + image  built from trainer/");

        expect(terminal.written).toBe("  \x1b[32m+\x1b[39m image  built\x1b[0m\n    from trainer/\n");
    });

    it("shows the path instead of an address of a file, and links to the address", () => {
        const file = path.resolve("models/report.html");
        const terminal = new FakeTerminal({ isInteractive: true });
        const url = pathToFileURL(file).href;

        new Screen(terminal).print(`Report: ${url}`);

        expect(terminal.written).toBe(`Report:\n  \x1b]8;;${url}\x1b\\models/report.html\x1b]8;;\x1b\\\n`);
    });

    it.each([
        ["NO_COLOR is set, but live lines are still shown", { NO_COLOR: "1", TERM: "xterm" }, "program"],
        ["TERM is dumb", { NO_COLOR: "", TERM: "dumb" }, ""],
    ])("is broken, but not coloured, if %s", (_, env, live) => {
        const before = process.env;
        process.env = { ...before, ...env };
        let written = "";
        const write = (text: string) => {
            written += text;
            return true;
        };
        const screen = new Screen(
            processTerminal(Object.assign(new PassThrough(), { isTTY: true, columns: 20, write })),
        );
        process.env = before;

        screen.print("  + image  built from trainer/");
        screen.showLive(["program"]);

        expect(written).toBe(`  + image  built\n    from trainer/\n${live}`);
    });

    it("stays whole without a terminal", () => {
        const terminal = new FakeTerminal({ isInteractive: false });

        new Screen(terminal).print("  + image  built from trainer/");

        expect(terminal.written).toBe("  + image  built from trainer/\n");
    });
});

describe("a rehearsal's output", () => {
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    it("shows a step on a terminal as soon as it begins, even if it blocks the process", () => {
        const terminal = new FakeTerminal({ isInteractive: true });

        new RehearsalOutput(terminal).begin("program");

        expect(terminal.written).toBe("program 0 s");
    });

    it("without a terminal, reports the step in progress once nothing has been printed for half a minute", () => {
        const terminal = new FakeTerminal({ isInteractive: false });
        const output = new RehearsalOutput(terminal);
        const report = output.begin("upload");
        report("45%, 12.3 MB/s, 8 s left");

        jest.advanceTimersByTime(29_000);
        expect(terminal.written).toBe("");
        jest.advanceTimersByTime(1000);
        expect(terminal.written).toBe("in progress: upload 45%, 12.3 MB/s, 8 s left\n");
        report();
        jest.advanceTimersByTime(60_000);
        expect(terminal.written).toBe("in progress: upload 45%, 12.3 MB/s, 8 s left\n");
        output.end();
    });
});
