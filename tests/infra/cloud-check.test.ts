import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { startTestEmulator, type TestEmulator } from "../../emulator/src/testing";
import { type Config, parseConfig } from "../../infra/config";
import { type CloudReader, callOnce, checkWith, costLines } from "../../infra/config/cloud-check";
import { ConfigError } from "../../infra/config/issues";
import type { Body } from "../../run/google-api";

const FILES = {
    state: () => "file" as const,
    dataset: () => [],
    hasBuiltInTrainer: (name: string) => name === "trainer",
};

let emulator: TestEmulator;
let folder: string;

beforeAll(() => {
    void pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "my-trainer", "dev");
});
beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "cloud-check-"));
    process.env.XDG_CACHE_HOME = folder;
    emulator = await startTestEmulator({
        org: {
            constraints: {},
            quotas: { CPUS: 16, PREEMPTIBLE_CPUS: 8, NVIDIA_T4_GPUS: 1, SSD_TOTAL_GB: 500, GPUS_ALL_REGIONS: 2 },
            stockOuts: [],
        },
    });
});
afterEach(async () => {
    delete process.env.XDG_CACHE_HOME;
    rmSync(folder, { recursive: true, force: true });
    await emulator.stop();
});

/** Reads from the emulator like a client whose errors contain Google's response. */
const reader = async (): Promise<CloudReader> => ({
    endpoints: { compute: `${emulator.url}/compute/v1/`, billing: `${emulator.url}/v1/` },
    now: 0,
    call: async (method, url) => {
        const { status, json } = await emulator.call(method, url.slice(emulator.url.length));
        if (status === 404) {
            return undefined;
        }
        if (status !== 200) {
            throw Object.assign(new Error(`status ${status}`), { response: { data: json } });
        }
        return json as Body;
    },
});

function configWith(values: Record<string, string> = {}, place: { zone?: string; region?: string } = {}): Config {
    const gcp = { project: "demo-project", region: "us-central1", zone: "us-central1-a", ...place };
    const resultsDir = path.join(folder, "models");
    return { ...parseConfig({ namespace: "my-trainer", values, gcp }, FILES), resultsDir };
}

const check = (config: Config) => checkWith(config, reader);
async function messageOf(config: Config): Promise<string> {
    const error: unknown = await check(config).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
}

describe("a VM that cannot be created is an error before anything is declared:", () => {
    it.each<[string, Config | (() => Config), string]>([
        [
            "a GPU that the zone does not have",
            () => configWith({ machineType: "n1-standard-4", gpuType: "nvidia-tesla-p100", gpuCount: "1" }),
            "`gcp:zone` must be a zone with nvidia-tesla-p100, such as us-central1-c, us-central1-f; got " +
                '"us-central1-a" (npx pulumi config set gcp:zone us-central1-c)',
        ],
        [
            "a GPU that one of several zones does not have",
            () =>
                configWith({
                    machineType: "n1-standard-4",
                    gpuType: "nvidia-tesla-p100",
                    gpuCount: "1",
                    zones: '["us-central1-c","us-central1-b"]',
                }),
            "`my-trainer:zones` must be zones with nvidia-tesla-p100, such as us-central1-c, us-central1-f; got " +
                '"us-central1-b" (npx pulumi config set zones any)',
        ],
        [
            "a GPU that no zone of the region has, even with any zone",
            () =>
                configWith(
                    { machineType: "n1-standard-4", gpuType: "nvidia-tesla-p100", gpuCount: "1", zones: "any" },
                    { region: "europe-west3", zone: "europe-west3-b" },
                ),
            "`gcp:zone` must be in a region with nvidia-tesla-p100, which no zone of europe-west3 has; asia-east1-a, " +
                'asia-east1-c, australia-southeast1-c, europe-west1-b have it; got "europe-west3-b" ' +
                "(npx pulumi config set gcp:zone asia-east1-a)",
        ],
        [
            "an unknown machine type",
            () => configWith({ machineType: "e2-standrad-2" }),
            "`my-trainer:machineType` must be a machine type available in us-central1-a; did you mean " +
                'e2-standard-2?; got "e2-standrad-2" (npx pulumi config set machineType e2-standard-2)',
        ],
        [
            "an unknown zone",
            () => configWith({}, { zone: "us-central1-x" }),
            "`gcp:zone` must be a zone that this project may use, such as us-central1-a, us-central1-b, us-central1-c, " +
                'us-central1-f; got "us-central1-x" (npx pulumi config set gcp:zone us-central1-a)',
        ],
        [
            "an unknown region",
            () => configWith({}, { region: "us-centrall1", zone: "us-centrall1-a" }),
            "`gcp:region` must be a region that this project may use; did you mean us-central1?; got " +
                '"us-centrall1" (npx pulumi config set gcp:region us-central1)',
        ],
        [
            "too small a quota for CPUs",
            () => configWith({ machineType: "e2-standard-32" }),
            "`my-trainer:machineType` needs 32 of the quota CPUS in us-central1, which is 16; choose less, or request " +
                "more at https://console.cloud.google.com/iam-admin/quotas (npx pulumi config set machineType e2-standard-2)",
        ],
        [
            "too small a quota for preemptible CPUs",
            () => configWith({ machineType: "e2-standard-16", provisioning: "spot" }),
            "needs 16 of the quota PREEMPTIBLE_CPUS in us-central1, which is 8",
        ],
        [
            "too small a quota for GPUs",
            () => configWith({ machineType: "n1-standard-4", gpuType: "nvidia-tesla-t4", gpuCount: "4" }),
            "`my-trainer:gpuCount` needs 4 of the quota NVIDIA_T4_GPUS in us-central1, which is 1",
        ],
        [
            "too small a quota for GPUs in all regions",
            () => configWith({ machineType: "n1-standard-4", gpuType: "nvidia-tesla-t4", gpuCount: "4" }),
            "needs 4 of the quota GPUS_ALL_REGIONS in all regions, which is 2",
        ],
        [
            "too small a quota for disks",
            () => configWith({ bootDiskSizeGb: "600" }),
            "`my-trainer:bootDiskSizeGb` needs 600 of the quota SSD_TOTAL_GB in us-central1, which is 500",
        ],
    ])("%s", async (_what, config, expected) => {
        expect(await messageOf(typeof config === "function" ? config() : config)).toContain(expected);
    });
});

describe("the price", () => {
    it("depends on the machine, its disk and its limits", async () => {
        const config = configWith();
        const cost = await check(config);

        expect(cost).toMatchObject({ currency: "USD", isExample: true, expectedUsd: null });
        expect(costLines(config, cost)).toEqual([
            expect.stringMatching(
                /^Price: \$0\.\d{4} an hour for e2-standard-2 in us-central1-a \(example amounts from the emulator\)$/,
            ),
            expect.stringMatching(/^At most \$\d\.\d\d: 3 attempts up to the time limit, and 30 days of storage$/),
        ]);
    });

    it("is lower for a spot VM", async () => {
        const [standard, spot] = await Promise.all([check(configWith()), check(configWith({ provisioning: "spot" }))]);

        expect("hourlyUsd" in spot && "hourlyUsd" in standard && spot.hourlyUsd < standard.hourlyUsd).toBe(true);
    });

    it("includes an estimate that is based on the stack's earlier runs", async () => {
        const config = configWith();
        for (const [run, seconds] of [
            ["r-1", 60],
            // A sweep whose points took half an hour in total.
            ["r-2", 7],
            ["r-3", 36_000],
        ] as const) {
            mkdirSync(path.join(config.resultsDir, "dev", run), { recursive: true });
            writeFileSync(
                path.join(config.resultsDir, "dev", run, "manifest.json"),
                JSON.stringify({ timings: { seconds }, cost: seconds === 7 ? { minutes: 30 } : null }),
            );
        }
        const cost = await check(config);

        expect("hourlyUsd" in cost && cost.expectedUsd).toBeCloseTo("hourlyUsd" in cost ? cost.hourlyUsd / 2 : 0, 3);
        expect(costLines(config, cost)[0]).toContain("for a run like the earlier ones");
    });

    it("is unknown for a machine without a listed price, and the reason is given", async () => {
        const config = configWith({ machineType: "x4-megamem-960-metal" });
        // The CPU quota is too small for this machine.
        await emulator.restart({ org: { constraints: {}, quotas: {}, stockOuts: [] } });
        const cost = await check(config);

        expect(cost).toEqual({ unknown: "the price list has no price for CPUs of x4-megamem-960-metal" });
        expect(costLines(config, cost)).toEqual([
            "Price: unknown, because the price list has no price for CPUs of x4-megamem-960-metal",
        ]);
    });

    it.each([
        ["truncated JSON", '{"kind": "compute#machineType", "guestC'],
        ["a web page", "<html>Sign in</html>"],
        ["nothing", ""],
    ])("is unknown if an API responds with %s", async (_, data) => {
        const cost = await checkWith(configWith(), async () => {
            const real = await reader();
            const broken = callOnce({ request: async () => ({ data, status: 200 }) as never });
            return {
                ...real,
                call: (method, url) => (url.includes("/machineTypes/") ? broken : real.call)(method, url),
            };
        });

        expect(cost).toEqual({
            unknown: expect.stringMatching(/machineTypes\/e2-standard-2 must return a JSON object$/),
        });
    });

    it("is unknown while the API is disabled, and the command that enables it is given", async () => {
        const disabled = {
            code: 403,
            message: "Cloud Billing API has not been used in project 123 before or it is disabled.",
            status: "PERMISSION_DENIED",
            details: [{ reason: "SERVICE_DISABLED", metadata: { service: "cloudbilling.googleapis.com" } }],
        };
        const cost = await checkWith(configWith(), async () => {
            const real = await reader();
            return {
                ...real,
                call: async (method, url) => {
                    if (url.includes("/skus?")) {
                        throw Object.assign(new Error("403"), { response: { data: { error: disabled } } });
                    }
                    return await real.call(method, url);
                },
            };
        });

        expect(cost).toEqual({
            unknown:
                "the project has not enabled cloudbilling.googleapis.com (gcloud services enable cloudbilling.googleapis.com)",
        });
    });
});

describe("maxCostUsd", () => {
    it("refuses a run that could cost more", async () => {
        expect(await messageOf(configWith({ maxCostUsd: "1" }))).toMatch(
            /`my-trainer:maxCostUsd` must be at least \$\d\.\d\d, the maximum cost of this run; got 1 \(npx pulumi config set maxCostUsd \d\)/,
        );
    });

    it("allows a run that cannot cost more", async () => {
        expect(await check(configWith({ maxCostUsd: "100" }))).toMatchObject({ currency: "USD" });
    });

    it("refuses a run whose price is unknown", async () => {
        const config = configWith({ maxCostUsd: "100" });
        const error: unknown = await checkWith(config, async () => {
            throw new Error("no network");
        }).catch((reason: unknown) => reason);

        expect((error as Error).message).toContain(
            "`my-trainer:maxCostUsd` requires a known price, but the price is unknown because no network " +
                "(npx pulumi config rm maxCostUsd)",
        );
    });
});
