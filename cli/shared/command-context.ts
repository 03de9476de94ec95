import path from "node:path";
import { terminalText } from "../../run/terminal-text";

/** Environment of a command that works with stored runs. */
export interface CommandContext {
    /** The folder of Pulumi.yaml; results are saved below it. */
    projectDir: string;
    /** The folder whose `node_modules` holds the npm package `pulumi`. */
    packageDir: string;
    env: NodeJS.ProcessEnv;
    print(line: string): void;
}

/** The folder of this checkout. */
export const PROJECT_DIR = path.resolve(__dirname, "../..");

/** The context of this process. */
export function processContext(): CommandContext {
    return {
        projectDir: PROJECT_DIR,
        packageDir: PROJECT_DIR,
        env: process.env,
        print: (line) => console.log(terminalText(line)),
    };
}
