import { TestEmulator } from "../../src/testing";

const ROOT = "/compute/v1/projects/demo-project";
const ZONE = `${ROOT}/zones/us-central1-a`;

let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start({
        org: { constraints: {}, quotas: { CPUS: 24, GPUS_ALL_REGIONS: 0 }, stockOuts: [] },
    });
});
afterAll(() => emulator.stop());

const get = (path: string) => emulator.call("GET", path);
const quota = (answer: Awaited<ReturnType<typeof get>>, metric: string) =>
    (answer.at("quotas") as { metric: string }[]).find((one) => one.metric === metric);

describe("a machine type", () => {
    it.each<[string, object]>([
        ["e2-standard-2", { guestCpus: 2, memoryMb: 8192, isSharedCpu: false, architecture: "X86_64" }],
        ["n1-highmem-2", { guestCpus: 2, memoryMb: 13_312 }],
        ["e2-small", { guestCpus: 2, memoryMb: 2048, isSharedCpu: true }],
        ["t2a-standard-4", { guestCpus: 4, architecture: "ARM64" }],
        ["n2-custom-6-20480", { guestCpus: 6, memoryMb: 20_480 }],
        ["custom-2-4096", { guestCpus: 2, memoryMb: 4096 }],
        [
            "a2-ultragpu-2g",
            {
                guestCpus: 24,
                accelerators: [{ guestAcceleratorType: "nvidia-a100-80gb", guestAcceleratorCount: 2 }],
                bundledLocalSsds: { defaultInterface: "NVME", partitionCount: 2 },
            },
        ],
    ])("has CPUs, memory and built-in devices that match its name: %s", async (name, expected) => {
        expect((await get(`${ZONE}/machineTypes/${name}`)).json).toMatchObject({
            name,
            zone: "us-central1-a",
            ...expected,
        });
    });

    it.each(["e2-standard-3", "e2-standrad-2", "constructor", "n2-constructor-2", "c2-custom-2-4096"])(
        "does not exist under the name %s",
        async (name) => {
            const answer = await get(`${ZONE}/machineTypes/${name}`);

            expect(answer.status).toBe(404);
            expect(answer.at("error.message")).toContain(`machineTypes/${name}' was not found`);
        },
    );

    it("is refused in a zone that does not exist, as if permission were missing", async () => {
        const answer = await get(`${ROOT}/zones/us-central1-x/machineTypes/e2-standard-2`);

        expect(answer.status).toBe(403);
        expect(answer.at("error.message")).toBe(
            "Permission denied on 'locations/us-central1-x' (or it may not exist).",
        );
    });
});

describe("a GPU", () => {
    it("exists only in some zones", async () => {
        const path = "acceleratorTypes/nvidia-tesla-p100";
        expect((await get(`${ROOT}/zones/us-central1-c/${path}`)).json).toMatchObject({
            kind: "compute#acceleratorType",
            name: "nvidia-tesla-p100",
            zone: expect.stringMatching(/\/zones\/us-central1-c$/),
            maximumCardsPerInstance: 4,
        });
        const answer = await get(`${ZONE}/${path}`);
        expect([answer.status, answer.at("error.message")]).toEqual([404, expect.stringContaining(path)]);
        expect((await get(`${ZONE}/acceleratorTypes/constructor`)).status).toBe(404);
    });

    it("is listed for every zone that has it, across several pages", async () => {
        const zones: string[] = [];
        const lists = `${ROOT}/aggregated/acceleratorTypes?maxResults=3&filter=name%3Dnvidia-tesla-p100`;
        let token: unknown = "";
        do {
            const page = (await get(`${lists}&pageToken=${token}`)).json as { items: object; nextPageToken?: string };
            zones.push(...Object.keys(page.items));
            token = page.nextPageToken;
        } while (token !== undefined);

        expect(zones).toHaveLength(12);
        expect(zones.filter((zone) => zone.includes("us-central1"))).toEqual([
            "zones/us-central1-c",
            "zones/us-central1-f",
        ]);
    });
});

describe("quotas", () => {
    it("show the organization's limits, both in a region and in the project", async () => {
        expect(quota(await get(`${ROOT}/regions/us-central1`), "CPUS")).toEqual({
            metric: "CPUS",
            limit: 24,
            usage: 0,
        });
        expect(quota(await get(ROOT), "GPUS_ALL_REGIONS")).toEqual({
            metric: "GPUS_ALL_REGIONS",
            limit: 0,
            usage: 0,
        });
    });
});

it("a region lists its zones", async () => {
    const zones = (await get(`${ROOT}/regions/europe-west1`)).at("zones") as string[];

    expect(zones.map((zone) => zone.split("/").at(-1))).toEqual(["europe-west1-b", "europe-west1-c", "europe-west1-d"]);
});
