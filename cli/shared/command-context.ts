import { stripVTControlCharacters } from "node:util";
import { terminalText } from "../../run/terminal-text";
import { findProject } from "./project";
import type { Terminal } from "./screen";

/** Environment for a command that works with stored runs. */
export interface CommandContext {
    /** The folder that contains Pulumi.yaml; results are saved below it. */
    projectDir: string;
    /** The folder whose `node_modules` holds the npm package `pulumi`. */
    packageDir: string;
    env: NodeJS.ProcessEnv;
    print(line: string): void;
}

/** True if standard output is a terminal that shows colours. */
export function hasColours(): boolean {
    return process.stdout.isTTY && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";
}

/** Standard output as the destination for live lines. */
export function processTerminal(): Terminal {
    return {
        isInteractive: hasColours(),
        get columns() {
            return process.stdout.columns ?? 80;
        },
        write: (text) => process.stdout.write(text),
    };
}

/** This process's context. */
export function processContext(): CommandContext {
    const projectDir = findProject();
    return {
        projectDir,
        packageDir: projectDir,
        env: process.env,
        // Colours are only for terminals. https://no-color.org
        print: (line) => console.log(hasColours() ? terminalText(line) : stripVTControlCharacters(terminalText(line))),
    };
}
