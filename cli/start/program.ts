import { existsSync, readFileSync } from "node:fs";
import { builtinModules, createRequire } from "node:module";
import path from "node:path";
import { parse } from "yaml";
import { UsageError } from "../shared/usage-error";

/** The files that Pulumi runs if neither Pulumi.yaml nor package.json names one. */
const USUAL = ["index.ts", "index.js"];

/**
 * Prepares this process to run a project's program: registers the project's own ts-node, as Pulumi's host does, unless
 * the process already loads TypeScript.
 *
 * @returns the absolute path of the program
 * @throws UsageError if the program or a package that it needs is missing
 */
export function openProgram(projectDir: string): string {
    const program = findProgram(projectDir);
    hideFromPulumi("node:ffi");
    const requireThere = createRequire(path.join(projectDir, "package.json"));
    // Mocks replace the engine only in the copy of the SDK in which they are set.
    const [own, theirs] = [require.resolve("@pulumi/pulumi"), resolved(requireThere, "@pulumi/pulumi")];
    if (own !== theirs) {
        throw new UsageError(
            `The project and gcp-trainer must share one copy of @pulumi/pulumi; got ${theirs ?? "none in the project"} and ${own} (npm install, then npm ls @pulumi/pulumi)`,
        );
    }
    if (program.endsWith(".ts") && require.extensions[".ts"] === undefined) {
        const compiler = resolved(requireThere, "ts-node");
        if (compiler === undefined) {
            throw new UsageError(
                "The package ts-node must be installed to run a program in TypeScript (npm install --save-dev ts-node typescript)",
            );
        }
        (require(compiler) as typeof import("ts-node")).register({ transpileOnly: true, cwd: projectDir });
    }
    return program;
}

/**
 * Removes a module from the list of built-in modules. Pulumi loads all of them to recognise those that a dynamic
 * provider uses, and Node.js 26 warns about this one, which is experimental.
 */
function hideFromPulumi(name: string): void {
    const others = builtinModules.filter((module) => module !== name);
    Object.assign(require("node:module") as object, { builtinModules: others });
}

function findProgram(projectDir: string): string {
    const { main } = (parse(readFileSync(path.join(projectDir, "Pulumi.yaml"), "utf8")) ?? {}) as { main?: unknown };
    const names = typeof main === "string" ? [main, ...USUAL.map((name) => path.join(main, name))] : USUAL;
    const found = names
        .map((name) => path.join(projectDir, name))
        .find((file) => /\.c?[jt]s$/.test(file) && existsSync(file));
    if (found === undefined) {
        throw new UsageError(
            `The project must have a program in JavaScript or TypeScript; found no ${names.join(" or ")} in ${projectDir}`,
        );
    }
    return found;
}

function resolved(requireThere: NodeJS.Require, name: string): string | undefined {
    try {
        return requireThere.resolve(name);
    } catch {
        return undefined;
    }
}
