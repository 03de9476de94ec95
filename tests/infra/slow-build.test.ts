import * as pulumi from "@pulumi/pulumi";
import { declareJob } from "./declared-stack";

describe("a build that never finishes", () => {
    it("is reported every ten minutes", async () => {
        const timers = jest.spyOn(globalThis, "setInterval");
        const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue();
        await declareJob();
        const [report] = timers.mock.calls.filter(([, delayMs]) => delayMs === 10 * 60_000);
        timers.mockRestore();
        report?.[0]();
        expect(warn).toHaveBeenCalledTimes(1);
        expect(warn.mock.calls[0]?.[0]).toContain("FROM --platform=$BUILDPLATFORM");
        warn.mockRestore();
    });
});
