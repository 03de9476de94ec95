import { terminalCell, terminalText } from "../../run/terminal-text";

const ESC = "\x1b";

describe("terminalText", () => {
    it.each([
        ["plain text", "loss 0.25, naïve, 学習, 🎉", "loss 0.25, naïve, 学習, 🎉"],
        ["line feeds and tabs", "a\tb\n\nc", "a\tb\n\nc"],
        ["a colour that is reset", `${ESC}[1;31mred${ESC}[0m text`, `${ESC}[1;31mred${ESC}[0m text`],
        ["one of 256 or 16 million colours", `${ESC}[38;5;8ma${ESC}[48;2;8;8;8mb${ESC}[m`, undefined],
    ])("passes %s", (_what, text, expected) => {
        expect(terminalText(text)).toBe(expected ?? text);
    });

    it.each([
        ["a colour that is not reset, by resetting it", `${ESC}[31mred\nplain`, `${ESC}[31mred${ESC}[0m\nplain`],
        ["concealed text", `${ESC}[8mhidden${ESC}[0m`, `\\x1b[8mhidden${ESC}[0m`],
        ["concealed text combined with a colour", `${ESC}[38;5;1;8mx`, "\\x1b[38;5;1;8mx"],
        ["clear screen", `${ESC}[2J${ESC}[H`, "\\x1b[2J\\x1b[H"],
        ["a cursor movement", `${ESC}[1Afake`, "\\x1b[1Afake"],
        ["a window title", `${ESC}]0;root${"\x07"}`, "\\x1b]0;root\\x07"],
        ["a hyperlink, OSC 8", `${ESC}]8;;http://evil${ESC}\\safe${ESC}]8;;${ESC}\\`, undefined],
        ["the clipboard, OSC 52", `${ESC}]52;c;cm0gLXJm\x07`, "\\x1b]52;c;cm0gLXJm\\x07"],
        ["a device control string", `${ESC}P+q544e${ESC}\\`, "\\x1bP+q544e\\x1b\\"],
        ["C1 control characters", "\x9b2J\x9d0;x\x9c\x85", "\\x9b2J\\x9d0;x\\x9c\\x85"],
        ["a carriage return", "error: it failed\rall is well     ", "error: it failed\\x0dall is well     "],
        ["backspaces and a bell", "no\b\byes\x07", "no\\x08\\x08yes\\x07"],
        ["NUL and DEL", "a\0b\x7f", "a\\x00b\\x7f"],
        ["bidirectional overrides", "\u202egnp.exe\u202c \u2066x\u2069 \u200f\u061c", undefined],
        ["line separators", "a\u2028b\u2029c", "a\\u2028b\\u2029c"],
        ["invisible characters", "a\u200bb\ufeffc\u{e0041}", "a\\u200bb\\ufeffc\\u{e0041}"],
        ["an unfinished colour", `${ESC}[31`, "\\x1b[31"],
        ["a colour with an intermediate byte", `${ESC}[31 m`, "\\x1b[31 m"],
        ["a colour with a private prefix", `${ESC}[>4;1m`, "\\x1b[>4;1m"],
        ["an escape within a colour", `${ESC}[${ESC}[31m`, `\\x1b[${ESC}[31m${ESC}[0m`],
    ])("escapes %s", (_what, text, expected) => {
        const shown = terminalText(text);
        const uncoloured = shown.replace(new RegExp(`${ESC}\\[[0-9;]*m`, "g"), "");
        expect(uncoloured).not.toMatch(/[^\P{Cc}\t\n]|[\u2028-\u202e\u2066-\u2069\u200f\u061c]/u);
        if (expected !== undefined) {
            expect(shown).toBe(expected);
        }
    });

    it("stays fast on a long line of unfinished sequences", () => {
        const text = `${ESC}[${"1;".repeat(200_000)}`;

        const startedAt = performance.now();
        expect(terminalText(text)).toMatch(/^\\x1b\[1;1;/);
        expect(performance.now() - startedAt).toBeLessThan(20_000);
    });
});

describe("terminalCell", () => {
    it("also escapes colours, tabs and line feeds", () => {
        expect(terminalCell(`${ESC}[31mred\tnext\nline`)).toBe("\\x1b[31mred\\x09next\\x0aline");
    });
});
