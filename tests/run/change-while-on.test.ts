import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { rejectWhileOn } from "../../run/leftovers";

it("a change that requires the VM to be off waits for a VM that is stopping", async () => {
    const statuses = ["STOPPING", "TERMINATED"];
    const server = createServer((_, response) => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ kind: "compute#instance", status: statuses.shift() }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const config: Record<string, string> = {
        "gcp:accessToken": "developer",
        "gcp:computeCustomEndpoint": `http://127.0.0.1:${(server.address() as AddressInfo).port}/compute/beta/`,
    };
    const print = jest.spyOn(console, "log").mockImplementation(() => undefined);
    const vm = { name: "vm", zone: "us-central1-a" };
    try {
        await rejectWhileOn({ owner: "0123456789abcdef", config: (key) => config[key] }, "demo-project", {
            oldInputs: { ...vm, machineType: "e2-small" },
            newInputs: { ...vm, machineType: "e2-medium" },
        });

        expect(statuses).toEqual([]);
        expect(print.mock.calls).toEqual([["The VM vm is stopping; waiting until it is off"]]);
    } finally {
        print.mockRestore();
        server.close();
    }
});
