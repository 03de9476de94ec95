import { totalmem } from "node:os";
import { memoryMib } from "../../src/vm/systemd/memory";

jest.mock("node:os", () => ({ totalmem: jest.fn(() => 64 * 1024 ** 3) }));

describe("the memory of a VM", () => {
    it.each([
        ["e2-micro", 1024],
        ["e2-standard-2", 8192],
        ["n1-standard-1", 3840],
        ["n2-highmem-4", 32_768],
        ["e2-highcpu-8", 8192],
        ["c3-highcpu-4", 8192],
        ["n2-custom-4-5120", 5120],
        ["custom-2-4096", 4096],
        ["n2-custom-2-20480-ext", 20_480],
    ])("matches the machine type %s", (machineType, mib) => {
        expect(memoryMib(machineType)).toBe(mib);
    });

    it("equals this machine's memory if the machine type has more, or does not specify its memory", () => {
        expect(memoryMib("a2-megagpu-16g")).toBe(65_536);
        jest.mocked(totalmem).mockReturnValueOnce(4 * 1024 ** 3);
        expect(memoryMib("e2-standard-2")).toBe(4096);
    });
});
