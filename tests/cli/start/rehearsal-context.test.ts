import { callAndWait, type RehearsalContext } from "../../../cli/start/rehearsal-context";
import { startTestEmulator } from "../../../emulator/src/testing";

it("deleting a network that no longer exists succeeds", async () => {
    const emulator = await startTestEmulator();
    const gcp = { project: "demo-project", accessToken: "developer" };
    const context = { url: emulator.url, gcp } as unknown as RehearsalContext;
    try {
        const path = "/compute/v1/projects/demo-project/global/networks/missing";
        await expect(callAndWait(context, "DELETE", path)).resolves.toBeUndefined();
    } finally {
        await emulator.stop();
    }
});
