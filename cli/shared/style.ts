import { styleText } from "node:util";

const HARD_SPACE = "\u00a0";

/** Commands: at the start of a line, after a colon, in parentheses, or in backticks. The user may copy them. */
const COMMAND = /(?<=^ *|: |[(`])(?:[A-Z_]+=\S+ )?(?:npx|npm|pulumi|gcloud|python3|sed)(?: [^()`]*)?(?=\)|`|$)/g;

/** Additional indentation of continuation lines. */
const HANG = 2;

/**
 * Breaks a line between words, so that a terminal does not break it within one. Continuation lines are indented further
 * than the first, and in the trainer's log, they repeat the bar at its start. A word that is longer than a line stays
 * whole, and so does a command, because it could not be copied from two lines.
 */
export function wrapLine(line: string, columns: number): string[] {
    if (line.length <= columns) {
        return [line];
    }
    const kept = line.startsWith("Usage:")
        ? line
        : line.replace(COMMAND, (command) => command.replaceAll(" ", HARD_SPACE));
    const start = /^\s*(?:\| ?\s*)?/.exec(line)?.[0] ?? "";
    // If the line describes an option or a part of the stack, the description continues in its own column.
    const title = /^ {2,}\S(?:.*?\S)? {2,}(?=\S)/.exec(line)?.[0] ?? "";
    const isList = title !== "" && title.length <= columns / 2 && !start.includes("|");
    const indent = isList ? " ".repeat(title.length) : start + " ".repeat(HANG);
    const lines: string[] = [];
    let rest = kept;
    while (rest.length > columns) {
        const end = rest.lastIndexOf(" ", columns);
        const next = end > indent.length ? end : rest.indexOf(" ", columns);
        if (next < 0) {
            break;
        }
        lines.push(rest.slice(0, next));
        rest = indent + rest.slice(next + 1).trimStart();
    }
    return [...lines, rest].map((each) => each.replaceAll(HARD_SPACE, " "));
}

/** Colours a line of a command's output by its kind. */
export function colourLine(line: string): string {
    if (/^\s*(error:|The rehearsal failed|Left behind:)/.test(line)) {
        return paint("red", line);
    }
    const [, sign = "", mark = "", rest = ""] = /^(\s*)([+-]) (.*)$/s.exec(line) ?? [];
    if (mark !== "") {
        return `${sign}${paint(mark === "+" ? "green" : "red", mark)} ${rest}`;
    }
    return /^\s*warning:/.test(line) ? paint("yellow", line) : line;
}

function paint(colour: "green" | "red" | "yellow", text: string): string {
    // The caller knows whether the output is a terminal.
    return styleText(colour, text, { validateStream: false });
}
