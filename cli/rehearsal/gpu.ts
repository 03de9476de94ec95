import { parseConfig } from "../../infra/config";
import { filesOf } from "../../infra/project-files";
import type { StackConfig } from "./stack-config";

/**
 * Leaves the GPU out, and says so: the emulator's VMs have none, and no Container-Optimized OS that could install its driver.
 *
 * @throws ConfigError when the config with the GPU cannot be used
 */
export function withoutGpu(config: StackConfig, projectDir: string, print: (line: string) => void): StackConfig {
    const prefix = `${config.project}:`;
    if (!(Number(config.values[`${prefix}gpuCount`]) > 0)) return config;
    const own = Object.entries(config.values)
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, value]) => [key.slice(prefix.length), value]);
    const gcp = (key: string) => config.values[`gcp:${key}`];
    const location = { project: gcp("project"), region: gcp("region"), zone: gcp("zone") };
    parseConfig({ namespace: config.project, values: Object.fromEntries(own), gcp: location }, filesOf(projectDir));
    print("GPU: left out here; the steps that install its driver run on Google Cloud only.");
    return { ...config, values: { ...config.values, [`${prefix}gpuCount`]: "0", [`${prefix}gpuType`]: "" } };
}
