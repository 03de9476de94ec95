import { startTestEmulator, type TestEmulator } from "../../emulator/src/testing";
import { createAuth, readCloudSettings } from "../../run/credentials";
import { type GoogleApis, openCall, readEndpoints } from "../../run/google-api";
import { waitForApi } from "../../run/ready-apis-provider";
import { readyApisInputs } from "./fixtures/run-inputs";

const { project } = readyApisInputs;
const API = `/v1/projects/${project}/services`;
let emulator: TestEmulator;
let printed: string[];
let now: number;
let onSleep: () => Promise<unknown>;

beforeEach(async () => {
    // One hour, so that an API that has been enabled stays unready in these tests.
    emulator = await startTestEmulator({ apiDelayMs: 3_600_000 });
    printed = [];
    now = 0;
    onSleep = async () => undefined;
});
afterEach(() => emulator.stop());

async function apis(): Promise<GoogleApis> {
    const v1 = `${emulator.url}/v1/`;
    const config: Record<string, string> = {
        "gcp:accessToken": "developer",
        "gcp:storageCustomEndpoint": `${emulator.url}/storage/v1/`,
        "gcp:computeCustomEndpoint": `${emulator.url}/compute/v1/`,
        "gcp:artifactRegistryCustomEndpoint": v1,
        "gcp:iamBetaCustomEndpoint": v1,
        "gcp:secretManagerCustomEndpoint": v1,
        "gcp:pubsubCustomEndpoint": v1,
    };
    const settings = readCloudSettings((key) => config[key], {});
    const clock = {
        now: () => now,
        sleep: async (ms: number) => {
            now += ms;
            await onSleep();
        },
    };
    const endpoints = readEndpoints((key) => config[key], {}, settings);
    return { call: openCall(await createAuth(settings), clock), endpoints, clock };
}

const enable = (service: string) => emulator.ok("POST", `${API}/${service}.googleapis.com:enable`);
const wait = async (service: string) =>
    waitForApi(await apis(), service, readyApisInputs, (line) => printed.push(line));

describe("waiting for an API", () => {
    it.each(["compute", "storage", "artifactregistry", "iam", "secretmanager", "pubsub"])(
        "ends with the last refusal if %s refuses requests for ten minutes",
        async (service) => {
            await enable(service);

            await expect(wait(service)).rejects.toThrow(
                new RegExp(
                    `^The API ${service}\\.googleapis\\.com must accept requests from project ${project}, but ` +
                        "10 minutes .*has not been used in project .*Run `pulumi up` again in a few minutes$",
                ),
            );
            expect(printed).toEqual([
                `waiting for ${service}.googleapis.com, which has just been enabled, to accept requests`,
            ]);
        },
    );

    it("ends once the API accepts requests three times in succession", async () => {
        const accepted = [false, true, true, false, true, true, true];
        const responses = [...accepted];
        const real = await apis();
        const call: GoogleApis["call"] = async (method, url) => {
            if (responses.shift() === true) {
                return {};
            }
            return await real.call(method, url);
        };
        await waitForApi({ ...real, call }, "compute", readyApisInputs, (line) => printed.push(line));

        expect(responses).toEqual([]);
        expect(printed).toHaveLength(1);
    });

    it("ends after a refusal for another reason, which proves that the API is enabled", async () => {
        await emulator.stop();
        emulator = await startTestEmulator();
        await wait("compute");

        expect(now).toBe(0);
    });

    it("is skipped for an API that only the VM uses", async () => {
        await wait("logging");

        expect(printed).toEqual([]);
    });
});
