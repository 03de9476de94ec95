import { commandLine } from "../shared/tool";
import { UsageError } from "../shared/usage-error";

/**
 * Takes the values of secret variables from this process's environment, which does not appear in any list of processes.
 * They are removed from that environment, so that the programs that this process starts do not inherit them.
 *
 * @throws UsageError for a variable that is not set
 */
export function takeSecretEnv(names: readonly string[], env: NodeJS.ProcessEnv): Record<string, string> {
    const unset = names.find((name) => env[name] === undefined);
    if (unset !== undefined) {
        throw new UsageError(
            `--secret-env must name an environment variable; got "${unset}", which is not set (read -rs ${unset}; export ${unset}; ${commandLine("start", `--secret-env ${unset}`)})`,
        );
    }
    const values = Object.fromEntries(names.map((name) => [name, env[name] ?? ""]));
    for (const name of names) {
        delete env[name];
    }
    return values;
}
