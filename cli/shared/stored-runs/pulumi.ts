import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { runProcess } from "../run-process";
import { UsageError } from "../usage-error";

/** A program and its leading arguments. */
export interface Command {
    file: string;
    args: string[];
}

/**
 * Finds the Pulumi command line: the one on PATH, or else the npm package `pulumi`, which downloads it on first
 * use.
 *
 * @param packageDir the folder whose `node_modules` holds the npm package
 */
export function findPulumi(env: NodeJS.ProcessEnv, packageDir: string): Command {
    const name = process.platform === "win32" ? "pulumi.exe" : "pulumi";
    // `npm run` puts the npm package's command, which should be the last choice, first on PATH.
    const folders = (env.PATH ?? "").split(path.delimiter).filter((folder) => !/[\\/]node_modules[\\/]/.test(folder));
    const found = folders.map((folder) => path.join(folder, name)).find(isProgram);
    return found
        ? { file: found, args: [] }
        : { file: process.execPath, args: [path.join(packageDir, "node_modules", "pulumi", "run.js")] };
}

/**
 * Runs a Pulumi command that prints JSON.
 *
 * @param folder the folder that contains Pulumi.yaml
 * @throws UsageError with Pulumi's message and the command that fixes it
 */
export async function askPulumi<T>(
    args: string[],
    {
        folder,
        env,
        packageDir,
        acceptsBucket,
    }: { folder: string; env: NodeJS.ProcessEnv; packageDir: string; acceptsBucket?: boolean },
): Promise<T> {
    const command = findPulumi(env, packageDir);
    const { exitCode, stdout, output } = await runProcess(
        command.file,
        [...command.args, ...args, "--non-interactive"],
        { cwd: folder, env },
    );
    if (exitCode !== 0) {
        const message = output.trim() || `exit code ${exitCode}`;
        throw new UsageError(`pulumi ${args.join(" ")}: ${message}${fixFor(message, acceptsBucket)}`);
    }
    return JSON.parse(stdout) as T;
}

function isProgram(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
    } catch {
        return false;
    }
}

/**
 * The command that fixes the problem that Pulumi reports.
 *
 * @param acceptsBucket true if the command in use can work without the stack's state
 */
export function fixFor(message: string, acceptsBucket = false): string {
    if (/no stack named/.test(message)) {
        return " (npx pulumi stack ls lists the stacks, npx pulumi stack init creates one)";
    }
    if (/no stack selected/.test(message)) {
        return " (choose one: -s STACK; npx pulumi stack ls lists the stacks)";
    }
    if (/PULUMI_ACCESS_TOKEN|login/.test(message)) {
        const bucket = acceptsBucket ? "; to work without the state: --bucket gs://BUCKET" : "";
        return ` (log in to the stack's backend, e.g. npx pulumi login 'file://~?metadata=skip'${bucket})`;
    }
    if (/passphrase/.test(message)) {
        return " (set PULUMI_CONFIG_PASSPHRASE)";
    }
    return acceptsBucket ? " (to work without the stack's state: --bucket gs://BUCKET)" : "";
}
