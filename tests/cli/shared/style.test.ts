import { colourLine, wrapLine } from "../../../cli/shared/style";
import { transferProgress } from "../../../cli/shared/text";

describe("a line on a terminal", () => {
    it.each([
        ["a short line", "  one two", 20, ["  one two"]],
        ["a line of text", "  one two three four", 12, ["  one two", "    three", "    four"]],
        ["a line of the log", "    | one two three", 13, ["    | one two", "    |   three"]],
        [
            "an option",
            "  --yes  asks no questions at all",
            24,
            ["  --yes  asks no", "         questions at", "         all"],
        ],
        [
            "a command in parentheses",
            "  it must be set; got nothing (npx pulumi config set a b)",
            40,
            ["  it must be set; got nothing", "    (npx pulumi config set a b)"],
        ],
        [
            "a command that is longer than a line",
            "  To train on Google Cloud: npx pulumi up -s dev --config a=b",
            30,
            ["  To train on Google Cloud:", "    npx pulumi up -s dev --config a=b"],
        ],
        [
            "a long word",
            "  + https://example.org/a-long-path end",
            12,
            ["  + https://example.org/a-long-path", "    end"],
        ],
    ])("is broken between words: %s", (_, line, columns, expected) => {
        expect(wrapLine(line, columns)).toEqual(expected);
    });

    it.each([
        ["  + bucket  gs://b", "  \x1b[32m+\x1b[39m bucket  gs://b"],
        ['  * Column "x" is constant', '  * Column "x" is constant'],
        ["  - bucket", "  \x1b[31m-\x1b[39m bucket"],
        ["error: no", "\x1b[31merror: no\x1b[39m"],
        ["    | text + more", "    | text + more"],
    ])("is coloured by its kind: %j", (line, expected) => {
        expect(colourLine(line)).toBe(expected);
    });
});

it("the progress of a transfer shows the percentage, the rate and the remaining time", () => {
    expect(transferProgress(30_000_000, 120_000_000, 2000)).toBe("25%, 15.0 MB/s, 6 s left");
});
