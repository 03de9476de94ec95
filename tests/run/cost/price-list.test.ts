import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startTestEmulator, type TestEmulator } from "../../../emulator/src/testing";
import { estimateCost, formatUsd } from "../../../run/cost/estimate";
import { machinePrice, shapeOf } from "../../../run/cost/machine-price";
import { type PriceList, readPriceList } from "../../../run/cost/price-list";
import type { Body, Call } from "../../../run/google-api";

const REGION = "us-central1";
const WEEK_MS = 7 * 24 * 3_600_000;

let emulator: TestEmulator;
let list: PriceList;
let cache: string;
let requests: string[];

const call: Call = async (method, url) => {
    requests.push(url);
    const answer = await emulator.call(method, url.slice(emulator.url.length));
    return answer.json as Body;
};
const baseUrl = () => `${emulator.url}/v1/`;
const shape = async (type: string) =>
    shapeOf(
        (await call(
            "GET",
            `${emulator.url}/compute/v1/projects/demo-project/zones/us-central1-a/machineTypes/${type}`,
        )) ?? {},
    );
const machine = (type: string, spot: boolean) => ({
    type,
    spot,
    gpuType: "",
    gpuCount: 0,
    diskType: "pd-balanced",
    diskSizeGb: 20,
});

beforeAll(async () => {
    emulator = await startTestEmulator();
    cache = mkdtempSync(path.join(tmpdir(), "prices-"));
    process.env.XDG_CACHE_HOME = cache;
    requests = [];
    list = await readPriceList(call, baseUrl(), REGION, 0);
});
beforeEach(() => {
    requests = [];
});
afterAll(async () => {
    delete process.env.XDG_CACHE_HOME;
    rmSync(cache, { recursive: true, force: true });
    await emulator?.stop();
});

describe("the emulator's price list", () => {
    const types = [
        "a2-highgpu-1g",
        "a2-ultragpu-1g",
        "a3-highgpu-1g",
        "a3-megagpu-8g",
        "a3-ultragpu-8g",
        "a4-highgpu-8g",
        "c2-standard-4",
        "c2d-standard-4",
        "c3-standard-4",
        "c3-standard-4-lssd",
        "c3d-standard-4",
        "c4-standard-4",
        "c4-standard-8-lssd",
        "c4a-standard-4",
        "c4d-standard-4",
        "custom-4-8192",
        "e2-custom-2-4096",
        "e2-micro",
        "e2-standard-2",
        "f1-micro",
        "g1-small",
        "g2-standard-4",
        "g4-standard-48",
        "h3-standard-88",
        "h4d-standard-192",
        "m1-ultramem-40",
        "m2-ultramem-208",
        "m3-ultramem-32",
        "m4-megamem-28",
        "n1-highmem-2",
        "n2-custom-2-32768-ext",
        "n2-standard-2",
        "n2d-standard-2",
        "n4-custom-2-4096",
        "n4-standard-2",
        "n4a-standard-2",
        "n4d-standard-2",
        "t2a-standard-1",
        "t2d-standard-1",
        "z3-highmem-88-highlssd",
    ];

    it.each(types)("has a standard and a spot price for %s", async (type) => {
        const parts = await shape(type);
        const sum = (spot: boolean) =>
            machinePrice(list.prices, machine(type, spot), parts).reduce((total, part) => total + part.usdPerHour, 0);

        expect(sum(false)).toBeGreaterThan(0);
        expect(sum(true)).toBeLessThan(sum(false));
        expect(sum(true)).toBeGreaterThan(0);
    });

    const unpriced = ["a4x-highgpu-4g", "x4-megamem-960-metal"];

    it("is tested with every series that the emulator and the config check know", async () => {
        const url = `${emulator.url}/compute/v1/projects/demo-project/zones/us-central1-a/machineTypes`;
        const offered: string[] = [];
        for (let token: unknown = ""; token !== undefined; ) {
            const page = await call("GET", `${url}?pageToken=${token}`);
            offered.push(...((page?.items ?? []) as { name: string }[]).map(({ name }) => name));
            token = page?.nextPageToken;
        }
        // The config check mentions a series only at the start of a pattern or as separate words.
        const source = ["infra/machine-types.ts", "infra/config/gpus.ts"].map((file) => readFileSync(file, "utf8"));
        const named = [...source.join("\n").matchAll(/(?<=["(|^])[acefghmntxz]\d[a-z]?(?=["|)-])/g)].map(
            ([name]) => name,
        );
        const seriesOf = (names: readonly string[]) => new Set(names.map((name) => name.split("-")[0]));
        const tested = seriesOf([...types, ...unpriced]);

        expect(named.length).toBeGreaterThan(30);
        expect([...seriesOf([...offered, ...named])].filter((series) => !tested.has(series))).toEqual([]);
    });

    it.each(unpriced)("has no price for %s, just as Google's has none", async (type) => {
        const parts = await shape(type);

        expect(() => machinePrice(list.prices, machine(type, false), parts)).toThrow("no price for");
    });
});

describe("the price list", () => {
    it("says that the emulator's amounts are examples", () => {
        expect(list.isReal).toBe(false);
    });

    it("is read again after a week, but not before", async () => {
        await readPriceList(call, baseUrl(), REGION, WEEK_MS - 1);
        expect(requests).toEqual([]);

        await readPriceList(call, baseUrl(), REGION, WEEK_MS);
        expect(requests.length).toBeGreaterThan(0);
    });

    it("is read again if the cache is damaged", async () => {
        const folder = path.join(cache, "gcp-trainer");
        for (const name of readdirSync(folder)) {
            writeFileSync(path.join(folder, name), '{"schema":1');
        }

        expect(await readPriceList(call, baseUrl(), REGION, WEEK_MS)).toEqual(list);
        expect(requests.length).toBeGreaterThan(0);
    });

    it("is read page by page", async () => {
        const onePerPage: Call = (method, url) => call(method, url.replace("pageSize=5000", "pageSize=40"));
        rmSync(path.join(cache, "gcp-trainer"), { recursive: true });

        expect(await readPriceList(onePerPage, baseUrl(), REGION, 0)).toEqual(list);
        expect(requests.length).toBeGreaterThan(4);
    });

    it("fails if a response is not a list", async () => {
        await expect(readPriceList(async () => ({}), baseUrl(), "us-east1", 0)).rejects.toThrow(
            "must return a list of SKUs",
        );
    });
});

describe("the estimate", () => {
    const usage = {
        maxHours: 2,
        maxAttempts: 3,
        tasks: 1,
        datasetBytes: 2 ** 30,
        expectedHours: 0.5,
        lastIsStandard: false,
        hasExternalIp: false,
    };

    it("counts the full duration of every attempt, and 30 days of storage", async () => {
        const cost = estimateCost(list, machine("e2-standard-2", false), await shape("e2-standard-2"), usage);

        // 2 CPUs at 0.022 and 8 GiB at 0.00275; per month, 20 GB of disk at 0.1, 20 GB of images at 0.1, and 20 GB of
        // objects plus the dataset at 0.02.
        const vm = 2 * 0.022 + 8 * 0.00275;
        const months = (30 * 24) / 730;
        expect(cost).toEqual({
            currency: "USD",
            hourlyUsd: Number((vm + 2 / 730).toFixed(4)),
            attemptUsd: Number(((vm + 2 / 730) * 2).toFixed(4)),
            worstCaseUsd: Number((vm * 2 * 3 + (2 + 21 * 0.02 + 2) * months).toFixed(4)),
            expectedUsd: Number(((vm + 2 / 730) * 0.5).toFixed(4)),
            isExample: true,
        });
    });

    it("counts the last attempt at the standard price if it runs on a standard VM", async () => {
        const ofType = await shape("e2-standard-2");
        const spot = estimateCost(list, machine("e2-standard-2", true), ofType, usage);
        const standard = estimateCost(list, machine("e2-standard-2", false), ofType, usage);
        const cost = estimateCost(list, machine("e2-standard-2", true), ofType, { ...usage, lastIsStandard: true });

        expect(cost.hourlyUsd).toBe(spot.hourlyUsd);
        expect(cost.lastAttempt).toEqual({ hourlyUsd: standard.hourlyUsd, attemptUsd: standard.attemptUsd });
        const difference = (standard.worstCaseUsd - spot.worstCaseUsd) / usage.maxAttempts;
        expect(cost.worstCaseUsd).toBeCloseTo(spot.worstCaseUsd + difference, 3);
    });

    it.each([
        ["standard", false, 0.005],
        ["spot", true, 0.0025],
    ])(
        "includes the external address of a %s VM, whose first hours are not counted as free",
        async (_what, spot, usd) => {
            const ofType = await shape("e2-standard-2");
            const without = estimateCost(list, machine("e2-standard-2", spot), ofType, usage);
            const cost = estimateCost(list, machine("e2-standard-2", spot), ofType, { ...usage, hasExternalIp: true });

            expect(cost.hourlyUsd - without.hourlyUsd).toBeCloseTo(usd, 3);
            expect(cost.worstCaseUsd - without.worstCaseUsd).toBeCloseTo(usd * 6, 3);
        },
    );

    it("has no expected cost without earlier runs", async () => {
        const { expectedUsd } = estimateCost(list, machine("e2-standard-2", false), await shape("e2-standard-2"), {
            ...usage,
            expectedHours: undefined,
        });

        expect(expectedUsd).toBeNull();
    });
});

it.each([
    [0, "$0.00"],
    [0.0671, "$0.0671"],
    [1.5, "$1.50"],
    [1234.5, "$1,234.50"],
])("formats %d as %s", (usd, text) => {
    expect(formatUsd(usd)).toBe(text);
});
