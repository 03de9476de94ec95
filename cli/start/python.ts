import { existsSync } from "node:fs";
import path from "node:path";
import { runProcess } from "../shared/run-process";
import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";

/** A Python interpreter on this machine. */
export interface Python {
    /** Absolute path of its program. */
    program: string;
    /** Such as `3.13.2`. */
    version: string;
}

/**
 * Finds the Python that runs a script: in the active environment, in the project's `.venv`, or on PATH.
 *
 * @throws UsageError if there is none
 */
export async function findPython(projectDir: string, env: NodeJS.ProcessEnv = process.env): Promise<Python> {
    const inEnvironment = process.platform === "win32" ? "Scripts/python.exe" : "bin/python";
    const environments = [env.VIRTUAL_ENV ?? "", path.join(projectDir, ".venv")].filter((folder) => folder !== "");
    const found = environments.map((folder) => path.join(folder, inEnvironment)).filter((file) => existsSync(file));
    for (const program of [...found, "python3", "python"]) {
        // A program on PATH may be a launcher that needs this environment, which the trainer's process does not get.
        const script = "import platform, sys; print(sys.executable); print(platform.python_version())";
        const { exitCode, stdout } = await runProcess(program, ["-c", script], { env });
        const [executable = "", version = ""] = stdout.trim().split(/\r?\n/);
        if (exitCode === 0 && executable !== "") {
            return { program: executable, version };
        }
    }
    throw new UsageError(
        `script needs Python, but no python3 is on PATH (install Python, or start Docker: ${commandLine("start", "--runtime docker")})`,
    );
}

/** A shell command that runs a Python file in the current folder. */
export function pythonCommand({ program }: Python, script: string): string {
    return [program, script].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}
