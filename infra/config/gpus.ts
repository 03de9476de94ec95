interface BuiltInGpu {
    machineType: RegExp;
    gpuType: string;
    /** Number of GPUs, derived from the machine type's name. */
    count: (match: RegExpMatchArray) => number | undefined;
    /** The smallest machine type with this GPU. */
    example: string;
}

const inName = (match: RegExpMatchArray): number => Number(match[1]);
const byCpus =
    (counts: Record<string, number>) =>
    (match: RegExpMatchArray): number | undefined =>
        counts[match[1] ?? ""];

/** Machine types that come with GPUs. https://cloud.google.com/compute/docs/gpus */
const BUILT_IN_GPUS: readonly BuiltInGpu[] = [
    {
        machineType: /^a2-(?:high|mega)gpu-(\d+)g$/,
        gpuType: "nvidia-tesla-a100",
        count: inName,
        example: "a2-highgpu-1g",
    },
    { machineType: /^a2-ultragpu-(\d+)g$/, gpuType: "nvidia-a100-80gb", count: inName, example: "a2-ultragpu-1g" },
    { machineType: /^a3-highgpu-(\d+)g$/, gpuType: "nvidia-h100-80gb", count: inName, example: "a3-highgpu-1g" },
    { machineType: /^a3-megagpu-(\d+)g$/, gpuType: "nvidia-h100-mega-80gb", count: inName, example: "a3-megagpu-8g" },
    { machineType: /^a3-ultragpu-(\d+)g$/, gpuType: "nvidia-h200-141gb", count: inName, example: "a3-ultragpu-8g" },
    { machineType: /^a4-highgpu-(\d+)g$/, gpuType: "nvidia-b200", count: inName, example: "a4-highgpu-8g" },
    { machineType: /^a4x-highgpu-(\d+)g$/, gpuType: "nvidia-gb200", count: inName, example: "a4x-highgpu-4g" },
    {
        machineType: /^g2-standard-(\d+)$/,
        gpuType: "nvidia-l4",
        count: byCpus({ 4: 1, 8: 1, 12: 1, 16: 1, 24: 2, 32: 1, 48: 4, 96: 8 }),
        example: "g2-standard-4",
    },
    {
        machineType: /^g4-standard-(\d+)$/,
        gpuType: "nvidia-rtx-pro-6000",
        count: byCpus({ 48: 1, 96: 2, 192: 4, 384: 8 }),
        example: "g4-standard-48",
    },
];

/** GPUs that can be attached to an N1 machine, with the allowed counts. */
const N1_GPUS: Readonly<Record<string, readonly number[]>> = {
    "nvidia-tesla-p4": [1, 2, 4],
    "nvidia-tesla-p100": [1, 2, 4],
    "nvidia-tesla-t4": [1, 2, 4],
    "nvidia-tesla-v100": [1, 2, 4, 8],
};

/** A GPU setting that Compute Engine would reject, and the values that it would accept. */
export interface GpuProblem {
    key: "gpuType" | "gpuCount" | "machineType";
    must: string;
    /** A value for `key` that would fix the problem. */
    example: string;
}

/**
 * Checks that GPU type, GPU count and machine type match.
 *
 * @param gpuType `""` for none
 * @param gpuCount 0 for none
 */
export function gpuProblem(machineType: string, gpuType: string, gpuCount: number): GpuProblem | undefined {
    for (const builtIn of BUILT_IN_GPUS) {
        const match = machineType.match(builtIn.machineType);
        const count = match ? builtIn.count(match) : undefined;
        if (count === undefined) {
            continue;
        }
        if (gpuType !== builtIn.gpuType) {
            const must = `must be ${builtIn.gpuType} with machine type ${machineType}, which has it built in`;
            return { key: "gpuType", must, example: builtIn.gpuType };
        }
        if (gpuCount !== count) {
            const must = `must be ${count} with machine type ${machineType}, which has ${count} built in`;
            return { key: "gpuCount", must, example: String(count) };
        }
        return undefined;
    }
    if (gpuType === "") {
        const must = "must be 0 if gpuType is not set";
        return gpuCount === 0 ? undefined : { key: "gpuCount", must, example: "0" };
    }
    const counts = N1_GPUS[gpuType];
    if (counts === undefined || !machineType.startsWith("n1-")) {
        return unsupportedGpu(gpuType, counts !== undefined);
    }
    if (!counts.includes(gpuCount)) {
        return {
            key: "gpuCount",
            must: `must be one of ${counts.join(", ")} with ${gpuType}`,
            example: String(counts[0]),
        };
    }
    return undefined;
}

function unsupportedGpu(gpuType: string, onN1: boolean): GpuProblem {
    if (onN1) {
        return { key: "machineType", must: `must be an n1 machine type with ${gpuType}`, example: "n1-standard-4" };
    }
    const owner = BUILT_IN_GPUS.find((builtIn) => builtIn.gpuType === gpuType);
    if (owner) {
        const must = `must be a machine type that has ${gpuType} built in`;
        return { key: "machineType", must, example: owner.example };
    }
    const known = [...Object.keys(N1_GPUS), ...BUILT_IN_GPUS.map((builtIn) => builtIn.gpuType)];
    return { key: "gpuType", must: `must be one of ${known.join(", ")}`, example: "nvidia-tesla-t4" };
}
