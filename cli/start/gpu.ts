import type { StackConfig } from "./stack-config";

/** Leaves the GPU out, and says so: the emulator's VMs have none, and no Container-Optimized OS that could install its driver. */
export function withoutGpu(config: StackConfig, print: (line: string) => void): StackConfig {
    const prefix = `${config.project}:`;
    if (!(Number(config.values[`${prefix}gpuCount`]) > 0)) {
        return config;
    }
    print("GPU: left out here; the steps that install its driver run on Google Cloud only.");
    return { ...config, values: { ...config.values, [`${prefix}gpuCount`]: "0", [`${prefix}gpuType`]: "" } };
}
