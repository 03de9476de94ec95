import fc from "fast-check";
import { terminalCell, terminalText } from "../../run/terminal-text";
import { AWKWARD_TEXTS, FUZZ } from "../helpers/fuzz";

const ESC = "\x1b";
/** Parts of control sequences in any order, so that some sequences are complete and others are truncated. */
const anyOutput = fc
    .array(
        fc.oneof(
            fc.constantFrom(
                ...AWKWARD_TEXTS,
                ESC,
                "[",
                "]",
                ";",
                ":",
                "m",
                "0",
                "8",
                "31",
                "38;5;8",
                "?25l",
                "\x07",
                "\r",
                "\b",
            ),
            fc.constantFrom(
                "\x9b",
                "\x9d",
                "\x9c",
                "\u2028",
                "\u2066",
                "\u200f",
                "\ufeff",
                "\n",
                "\t",
                `${ESC}[31m`,
                `${ESC}[8m`,
            ),
            fc.string({ unit: "binary", maxLength: 10 }),
        ),
        { maxLength: 20 },
    )
    .map((parts) => parts.join(""));

/** Control characters, invisible characters, and characters that change the order of text. */
const FORBIDDEN = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;

describe("text for the terminal", () => {
    it("contains no control characters except line feeds, tabs and colours", () => {
        fc.assert(
            fc.property(anyOutput, (text) => {
                const shown = terminalText(text);
                const withoutColours = shown.replace(new RegExp(`${ESC}\\[[0-9;:]*m`, "g"), "");

                expect(withoutColours.replace(/[\n\t]/g, "")).not.toMatch(FORBIDDEN);
                expect(shown.split("\n")).toHaveLength(text.split("\n").length);
            }),
            FUZZ,
        );
    });

    it("does not change when it is escaped again", () => {
        fc.assert(
            fc.property(anyOutput, (text) => {
                expect(terminalText(terminalText(text))).toBe(terminalText(text));
            }),
            FUZZ,
        );
    });

    it("contains no control characters at all in a cell", () => {
        fc.assert(
            fc.property(anyOutput, (text) => {
                expect(terminalCell(text)).not.toMatch(FORBIDDEN);
            }),
            FUZZ,
        );
    });
});
