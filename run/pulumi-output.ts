import { showsHints } from "./resource-inputs";
import { terminalText } from "./terminal-text";

/** Prints one line to the user, through Pulumi. */
export function printLine(line: string): void {
    console.log(outputText(line));
}

/** Makes a message safe for the terminal, and for Pulumi if it shows the message. */
export function outputText(text: string): string {
    const safe = terminalText(text);
    return showsHints() ? withoutMarkup(safe) : safe;
}

/**
 * Keeps Pulumi from interpreting `<{%` in text. Pulumi replaces `<{%reset%}>` with a colour or with nothing, in a
 * single pass, so the result of this function is shown as the original text. Pulumi panics if it finds an unknown
 * colour.
 */
export function withoutMarkup(text: string): string {
    return text.replaceAll("<{%", "<<{%reset%}>{%");
}

/**
 * The command that shows a run's log from the bucket. @param options the text after the stack's name, e.g. `--follow`.
 * @returns undefined in another program that uses the component, because it does not have this command.
 */
export function logsCommand(stack: string, options: string): string | undefined {
    const { readFileSync } = require("node:fs") as typeof import("node:fs");
    try {
        const { scripts, dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
            scripts?: Record<string, string>;
            dependencies?: Record<string, string>;
        };
        if (scripts?.logs?.includes("cli/logs/")) {
            return `npm run logs -- -s ${stack} ${options}`;
        }
        return dependencies?.["gcp-trainer"] === undefined ? undefined : `npx gcp-trainer logs -s ${stack} ${options}`;
    } catch {
        return undefined;
    }
}
