import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { UsageError } from "../../start/stack-config";

/** A command and the arguments that come before all others. */
export interface Command {
    file: string;
    args: string[];
}

/**
 * The Pulumi command line: the one on PATH, else that of the npm package `pulumi`, which downloads it at its first use.
 *
 * @param packageDir the folder whose `node_modules` holds the npm package
 */
export function findPulumi(env: NodeJS.ProcessEnv, packageDir: string): Command {
    const name = process.platform === "win32" ? "pulumi.exe" : "pulumi";
    // `npm run` puts the package's own command, which is the last choice here, before everything else.
    const folders = (env.PATH ?? "").split(path.delimiter).filter((folder) => !/[\\/]node_modules[\\/]/.test(folder));
    const found = folders.map((folder) => path.join(folder, name)).find(isProgram);
    return found
        ? { file: found, args: [] }
        : { file: process.execPath, args: [path.join(packageDir, "node_modules", "pulumi", "run.js")] };
}

/**
 * What a Pulumi command prints, as JSON.
 *
 * @param folder the folder of Pulumi.yaml
 * @throws UsageError with what Pulumi says, and with the command that mends it
 */
export async function askPulumi<T>(
    args: string[],
    { folder, env, packageDir }: { folder: string; env: NodeJS.ProcessEnv; packageDir: string },
): Promise<T> {
    const command = findPulumi(env, packageDir);
    const output = await new Promise<string>((resolve, reject) => {
        const child = execFile(
            command.file,
            [...command.args, ...args, "--non-interactive"],
            { cwd: folder, env, maxBuffer: 256 * 1024 * 1024 },
            (error, stdout, stderr) => {
                if (error) {
                    const said = stderr.trim() || stdout.trim() || error.message;
                    reject(new UsageError(`pulumi ${args.join(" ")}: ${said}${fixFor(said)}`));
                } else {
                    resolve(stdout);
                }
            },
        );
        child.stdin?.end();
    });
    return JSON.parse(output) as T;
}

function isProgram(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
    } catch {
        return false;
    }
}

/** The command that mends what Pulumi complains of. */
function fixFor(said: string): string {
    if (/no stack named/.test(said)) {
        return " (npx pulumi stack ls shows the stacks, npx pulumi stack init makes one)";
    }
    if (/no stack selected/.test(said)) {
        return " (name it: -s STACK; npx pulumi stack ls shows the stacks)";
    }
    if (/PULUMI_ACCESS_TOKEN|login/.test(said)) {
        return " (log in where the stack's state is, such as npx pulumi login --local; without any state: --bucket gs://BUCKET)";
    }
    if (/passphrase/.test(said)) {
        return " (set PULUMI_CONFIG_PASSPHRASE)";
    }
    return " (without the stack's state: --bucket gs://BUCKET)";
}
