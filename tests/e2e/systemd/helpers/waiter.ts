import { systemClock } from "../../../../run/clients";
import { createAuth, readCloudSettings } from "../../../../run/credentials";
import { openBucket } from "../../../../run/google-bucket";
import { openVm } from "../../../../run/google-clients";
import { vmEngine } from "../../../../run/vm-engine";
import { waitForRun } from "../../../../run/wait";
import { BUCKET, PROJECT_ID } from "../../../boot/helpers/backend";
import { type EmulatedVm, INSTANCE } from "../../../boot/helpers/emulated-vm";
import { RUN_ID } from "../../../boot/helpers/vm";

/**
 * Waits for the run as the next `pulumi up` does, and starts its VM if it is down.
 * @returns the output
 */
export async function comeBack(vm: EmulatedVm, maxAttempts: number): Promise<string> {
    const { url } = vm.backend.cloud;
    const config: Record<string, string> = {
        "gcp:accessToken": "developer",
        "gcp:storageCustomEndpoint": `${url}/storage/v1/`,
        "gcp:computeCustomEndpoint": `${url}/compute/v1/`,
    };
    const settings = readCloudSettings((key) => config[key], {});
    const place = {
        bucket: BUCKET,
        runId: RUN_ID,
        project: PROJECT_ID,
        zone: "us-central1-a",
        instance: INSTANCE,
    };
    const auth = await createAuth(settings);
    const { now, sleep } = systemClock();
    // Poll more often, because an emulated VM boots in seconds.
    const clock = { now, sleep: (ms: number) => sleep(ms / 10) };
    const lines: string[] = [];
    await waitForRun(
        {
            bucket: openBucket(BUCKET, settings, auth, clock),
            engine: vmEngine(openVm(place, settings, auth, clock), {
                ...place,
                debugMinutes: 0,
                onPrivateSubnetwork: false,
            }),
            clock,
            print: (line) => lines.push(line),
        },
        { ...place, wait: true, maxAttempts },
    );
    return lines.join("\n");
}
