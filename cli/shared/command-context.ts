import { findProject } from "./project";
import { Screen, type Terminal } from "./screen";

/** Environment for a command that works with stored runs. */
export interface CommandContext {
    /** The folder that contains Pulumi.yaml; results are saved below it. */
    projectDir: string;
    /** The folder whose `node_modules` holds the npm package `pulumi`. */
    packageDir: string;
    env: NodeJS.ProcessEnv;
    print(line: string): void;
    /** The number of characters that fit in a line; undefined if the output is not a terminal. */
    columns?: number;
}

/** A stream that may be a terminal. */
type OutputStream = NodeJS.WritableStream & Partial<Pick<NodeJS.WriteStream, "isTTY" | "columns">>;

/** Destination for lines: standard output or standard error. */
export function processTerminal(stream: OutputStream = process.stdout): Terminal {
    const isInteractive = stream.isTTY === true;
    const isRewritable = isInteractive && process.env.TERM !== "dumb";
    return {
        isInteractive,
        isRewritable,
        // https://no-color.org
        hasColours: isRewritable && (process.env.NO_COLOR ?? "") === "",
        get columns() {
            return stream.columns ?? 80;
        },
        write: (text) => stream.write(text),
    };
}

/** This process's context. */
export function processContext(): CommandContext {
    const projectDir = findProject();
    const terminal = processTerminal();
    const screen = new Screen(terminal);
    return {
        projectDir,
        packageDir: projectDir,
        env: process.env,
        print: (line) => screen.print(line),
        ...(terminal.isInteractive ? { columns: terminal.columns - 1 } : {}),
    };
}
