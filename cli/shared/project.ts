import { existsSync } from "node:fs";
import path from "node:path";
import { UsageError } from "./usage-error";

/** The folder that contains `cli/`: this checkout, or `dist/` in the installed package. */
export const PACKAGE_ROOT = path.resolve(__dirname, "../..");

/** True in the installed package, false in a checkout. */
export const IS_PACKAGE = path.basename(PACKAGE_ROOT) === "dist" && __filename.endsWith(".js");

/** The stack file for the emulator. A project needs its own copy only for `pulumi up -s local`. */
export const LOCAL_STACK = path.join(PACKAGE_ROOT, "Pulumi.local.yaml");

/** The built-in trainer's folder, with its Dockerfile and its bundle. */
export const BUILT_IN_TRAINER = path.join(PACKAGE_ROOT, IS_PACKAGE ? "built-in-trainer" : "trainer");

/** True if the command line asks for the usage, which needs no project. */
const ASKS_FOR_HELP = process.argv.slice(2).some((arg) => arg === "--help" || arg === "-h");

/**
 * Finds the Pulumi project of a folder: the folder itself or the nearest one above it that has a Pulumi.yaml, as Pulumi
 * does.
 *
 * @throws UsageError if there is none
 */
export function findProject(folder: string = process.cwd()): string {
    for (let at = folder; ; at = path.dirname(at)) {
        if (existsSync(path.join(at, "Pulumi.yaml"))) {
            return at;
        }
        if (at === path.dirname(at)) {
            // Tests and tools may start a checkout's commands from anywhere.
            if (!IS_PACKAGE || ASKS_FOR_HELP) {
                return IS_PACKAGE ? folder : PACKAGE_ROOT;
            }
            throw new UsageError(
                `The command must run in a project, a folder with a Pulumi.yaml; got ${folder} (cd my-project, or create one: gcp-trainer init my-project)`,
            );
        }
    }
}

/**
 * The folder in which the user typed the command. npm runs scripts in the project folder, and sets INIT_CWD to the
 * folder from which it was called.
 */
export function userFolder(env: NodeJS.ProcessEnv = process.env): string {
    const isScript = env.npm_package_json === path.join(process.cwd(), "package.json");
    return (isScript && env.INIT_CWD) || process.cwd();
}
