import { startTestEmulator, type TestEmulator } from "../../src/testing";

const PROJECT_ID = "demo-project";
const ENABLE = (service: string) => `/v1/projects/${PROJECT_ID}/services/${service}.googleapis.com:enable`;

const DELAY_MS = 3_600_000;

let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await startTestEmulator({ apiDelayMs: DELAY_MS });
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => emulator.stop());

describe("in a new project,", () => {
    it.each([
        ["compute", `/compute/v1/projects/${PROJECT_ID}/global/networks`, "Compute Engine API"],
        ["storage", `/storage/v1/b?project=${PROJECT_ID}`, "Cloud Storage API"],
        ["iam", `/v1/projects/${PROJECT_ID}/serviceAccounts`, "Identity and Access Management (IAM) API"],
        ["artifactregistry", `/v1/projects/${PROJECT_ID}/locations/us-central1/repositories`, "Artifact Registry API"],
        ["secretmanager", `/v1/projects/${PROJECT_ID}/secrets`, "Secret Manager API"],
    ])("%s rejects requests until it has been enabled for a while", async (service, path, title) => {
        const before = await emulator.call("GET", path);
        const text = `${title} has not been used in project \\d+ before or it is disabled\\. Enable it by visiting https://console\\.developers\\.google\\.com/apis/api/${service}\\.googleapis\\.com/overview\\?project=\\d+ then retry\\. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry\\.`;
        expect([before.status, before.at("error.message")]).toEqual([
            403,
            expect.stringMatching(new RegExp(`^${text.replace(/[()]/g, "\\$&")}$`)),
        ]);
        await emulator.ok("POST", ENABLE(service));
        expect((await emulator.call("GET", path)).status).toBe(403);
        const later = Date.now() + DELAY_MS;
        jest.spyOn(Date, "now").mockReturnValue(later);
        expect((await emulator.call("GET", path)).status).toBe(200);
    });

    it("the error has the reason accessNotConfigured, or SERVICE_DISABLED in newer APIs", async () => {
        const compute = await emulator.call("GET", "/compute/v1/projects/other-project/global/networks");
        expect(compute.at("error.errors.0")).toMatchObject({ domain: "usageLimits", reason: "accessNotConfigured" });
        const iam = await emulator.call("GET", "/v1/projects/other-project/serviceAccounts");
        expect(iam.at("error")).toMatchObject({
            status: "PERMISSION_DENIED",
            details: [{}, { reason: "SERVICE_DISABLED", metadata: { service: "iam.googleapis.com" } }],
        });
    });
});
