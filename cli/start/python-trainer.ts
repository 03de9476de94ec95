import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Config } from "../../infra/config";
import { BUILT_IN_TRAINER } from "../shared/project";
import { missingPackages } from "../shared/python";
import { UsageError } from "../shared/usage-error";

/** The project's own Python environment, as `python3 -m venv .venv` creates it. */
const ENVIRONMENT = ".venv";

/** Puts the project's own Python environment, if there is one, first on PATH, as if it were activated. */
export function usePythonEnvironment(projectDir: string, env: NodeJS.ProcessEnv): void {
    const bin = path.join(projectDir, ENVIRONMENT, process.platform === "win32" ? "Scripts" : "bin");
    if (existsSync(bin)) {
        env.PATH = [bin, env.PATH].join(path.delimiter);
    }
}

/**
 * Chooses the trainer for a rehearsal without Docker: the one in the config or, if that needs Python packages that this
 * machine lacks, the built-in one.
 *
 * @returns the trainer's folder, relative to the project, with forward slashes
 * @throws UsageError if the packages are missing and the built-in trainer cannot be used instead
 */
export function runnableTrainer(
    { trainer, target, hyperparameters }: Pick<Config, "trainer" | "target" | "hyperparameters">,
    projectDir: string,
    print: (line: string) => void,
): string {
    const folder = path.resolve(projectDir, trainer);
    const requirements = path.join(folder, "requirements.txt");
    if (!existsSync(requirements) || !/^python3? /.test(startScript(folder))) {
        return trainer;
    }
    const missing = missingPackages(requirements);
    if (missing.length === 0) {
        return trainer;
    }
    const install = `python3 -m venv ${ENVIRONMENT} && ${ENVIRONMENT}/bin/pip install -r ${path.posix.join(trainer, "requirements.txt")}`;
    if (target === "" || Object.keys(hyperparameters).length > 0) {
        throw new UsageError(
            `Without Docker, python3 must have the packages in ${trainer}/requirements.txt; it lacks ${missing.join(", ")} (${install})`,
        );
    }
    print(`VM: python3 lacks packages that ${trainer}/ needs: ${missing.join(", ")}.`);
    print("    The built-in trainer takes its place in this rehearsal. To rehearse your own:");
    print(`    ${install}`);
    return path.relative(projectDir, BUILT_IN_TRAINER).split(path.sep).join("/");
}

function startScript(folder: string): string {
    try {
        const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
        return String((manifest as { scripts?: { start?: unknown } }).scripts?.start ?? "");
    } catch {
        return "";
    }
}
