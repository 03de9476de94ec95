import { gpuProblem } from "../../infra/config/gpus";
import { canMigrate, defaultBootDiskType, defaultBootImage, platformOf } from "../../infra/machine-types";

describe("the machine type", () => {
    it.each([
        ["e2-standard-2", "linux/amd64", "cos-129-lts", "pd-balanced"],
        ["n2-custom-4-8192", "linux/amd64", "cos-129-lts", "pd-balanced"],
        ["c4-standard-4", "linux/amd64", "cos-129-lts", "hyperdisk-balanced"],
        ["c3-standard-192-metal", "linux/amd64", "cos-129-lts", "hyperdisk-balanced"],
        ["t2a-standard-1", "linux/arm64", "cos-arm64-129-lts", "pd-balanced"],
        ["c4a-standard-4", "linux/arm64", "cos-arm64-129-lts", "hyperdisk-balanced"],
        ["n4a-standard-4", "linux/arm64", "cos-arm64-129-lts", "hyperdisk-balanced"],
    ])("%s runs %s, boots %s from %s", (machineType, platform, family, diskType) => {
        expect(platformOf(machineType)).toBe(platform);
        expect(defaultBootImage(machineType)).toBe(`projects/cos-cloud/global/images/family/${family}`);
        expect(defaultBootDiskType(machineType)).toBe(diskType);
    });

    it.each<[string, number, boolean, boolean]>([
        ["e2-standard-2", 0, false, true],
        ["e2-standard-2", 0, true, false],
        ["n1-standard-4", 1, false, false],
        ["h3-standard-88", 0, false, false],
        ["c3-standard-192-metal", 0, false, false],
    ])("%s with %i GPUs and spot %s has canMigrate %s", (machineType, gpuCount, spot, expected) => {
        expect(canMigrate(machineType, gpuCount, spot)).toBe(expected);
    });
});

describe("GPU settings", () => {
    it.each<[string, string, number]>([
        ["e2-standard-2", "", 0],
        ["n1-standard-4", "nvidia-tesla-t4", 1],
        ["n1-standard-8", "nvidia-tesla-v100", 8],
        ["g2-standard-24", "nvidia-l4", 2],
        ["a2-highgpu-4g", "nvidia-tesla-a100", 4],
        ["a2-megagpu-16g", "nvidia-tesla-a100", 16],
        ["a3-highgpu-8g", "nvidia-h100-80gb", 8],
        ["a3-megagpu-8g", "nvidia-h100-mega-80gb", 8],
        ["g4-standard-48", "nvidia-rtx-pro-6000", 1],
    ])("accept %s with %s x %i", (machineType, gpuType, gpuCount) => {
        expect(gpuProblem(machineType, gpuType, gpuCount)).toBeUndefined();
    });

    it.each<[string, string, number, string, string, string]>([
        ["e2-standard-2", "", 1, "gpuCount", "must be 0 if gpuType is not set", "0"],
        ["n1-standard-4", "nvidia-tesla-t4", 0, "gpuCount", "must be one of 1, 2, 4 with nvidia-tesla-t4", "1"],
        ["n1-standard-4", "nvidia-tesla-t4", 3, "gpuCount", "must be one of 1, 2, 4 with nvidia-tesla-t4", "1"],
        ["e2-standard-2", "nvidia-tesla-t4", 1, "machineType", "must be an n1 machine type with", "n1-standard-4"],
        [
            "n1-standard-4",
            "nvidia-l4",
            1,
            "machineType",
            "must be a machine type that has nvidia-l4 built in",
            "g2-standard-4",
        ],
        ["n1-standard-4", "nvidia-x", 1, "gpuType", "must be one of nvidia-tesla-p4, ", "nvidia-tesla-t4"],
        ["g2-standard-4", "", 0, "gpuType", "must be nvidia-l4 with machine type g2-standard-4", "nvidia-l4"],
        ["g2-standard-4", "nvidia-tesla-t4", 1, "gpuType", "must be nvidia-l4 with machine type", "nvidia-l4"],
        ["g2-standard-48", "nvidia-l4", 1, "gpuCount", "must be 4 with machine type g2-standard-48", "4"],
    ])("reject %s with %s x %i: %s %s...", (machineType, gpuType, gpuCount, key, must, example) => {
        expect(gpuProblem(machineType, gpuType, gpuCount)).toEqual({
            key,
            must: expect.stringContaining(must),
            example,
        });
    });
});
