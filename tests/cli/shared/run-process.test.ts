import { runProcess } from "../../../cli/shared/run-process";

describe("runProcess", () => {
    it("reports a process that has stopped printing, with its output so far, until it ends", async () => {
        const stop = new AbortController();
        const seen: string[] = [];
        const script = 'process.stdout.write("Step 1/2\\n"); setInterval(() => undefined, 1000);';
        const result = await runProcess(process.execPath, ["-e", script], {
            signal: stop.signal,
            silenceMs: 20,
            onSilence: (output) => {
                seen.push(output);
                if (output !== "") {
                    stop.abort();
                }
            },
        });
        expect(seen.at(-1)).toBe("Step 1/2\n");
        expect(result.stdout).toBe("Step 1/2\n");
    });
});
