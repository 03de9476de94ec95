import { runLoad } from "./main";

describe("npm run load", () => {
    it("prints one line of figures per section, for the requested sizes", async () => {
        const lines: string[] = [];
        const args = ["--clients", "5", "--objects", "200", "objects", "clients"];

        expect(await runLoad(args, (line) => lines.push(line))).toBe(0);
        expect(lines).toEqual([
            expect.stringMatching(/^5 parallel clients: 50 uploads without an error in /),
            expect.stringMatching(/^pages of 20 objects: .* in a bucket of 20; .* in a bucket of 200$/),
        ]);
    });

    it("rejects an unknown section and an invalid size", async () => {
        const lines: string[] = [];

        expect(await runLoad(["disks"], (line) => lines.push(line))).toBe(1);
        expect(lines.join()).toMatch(/^There is no section "disks".*Usage: npm run load/s);

        expect(await runLoad(["--clients", "many", "clients"], (line) => lines.push(line))).toBe(1);
        expect(lines.at(-1)).toBe('--clients must be a positive integer; got "many" (npm run load -- --help)');
    });
});
