import { FaultPlan, parseFaultRule } from "../../emulator/src/faults/rule";
import { startTestEmulator } from "../../emulator/src/testing";
import { createAuth, readCloudSettings } from "../../run/credentials";
import { openCall } from "../../run/google-api";
import { FakeClock } from "./fakes";

/** Requests a bucket that does not exist. Returns the number of retries, and the error. */
async function askWith(...rules: string[]): Promise<{ repetitions: number; error?: string }> {
    const emulator = await startTestEmulator({ faults: new FaultPlan(rules.map(parseFaultRule)) });
    const clock = new FakeClock();
    try {
        const settings = readCloudSettings((key) => (key === "gcp:accessToken" ? "developer" : undefined), {});
        const found = await openCall(await createAuth(settings), clock)("GET", `${emulator.url}/storage/v1/b/none`);
        expect(found).toBeUndefined();
        return { repetitions: clock.sleeps.length };
    } catch (error) {
        return { repetitions: clock.sleeps.length, error: (error as Error).message };
    } finally {
        await emulator.stop();
    }
}

describe("a call to an API", () => {
    it("is retried if its response has status 404 but is empty or truncated", async () => {
        const asked = await askWith("kind=empty-body", "kind=truncated-body,request=2");

        expect(asked).toEqual({ repetitions: 2 });
    });

    it("is retried once if its credentials are rejected, and then fails with the reason", async () => {
        expect(await askWith("kind=status,status=401")).toEqual({ repetitions: 1 });
        expect(await askWith("kind=status,status=401,count=2")).toEqual({ repetitions: 1, error: "Injected fault." });
    });

    it("fails with the reason even if the response's list of errors is empty", async () => {
        expect(await askWith("kind=status,status=400")).toEqual({ repetitions: 0, error: "Injected fault." });
    });
});
