import { TestEmulator } from "../http/support";
import { INSTANCES, instanceBody, PROJECT_ID } from "../vm/support";

let emulator: TestEmulator;

beforeEach(async () => {
    emulator = await TestEmulator.start();
});
afterEach(() => emulator.stop());

const GLOBAL = `/compute/beta/projects/${PROJECT_ID}/global`;
const SUBNETWORKS = `/compute/beta/projects/${PROJECT_ID}/regions/us-central1/subnetworks`;
const GOOGLE = "https://www.googleapis.com/compute/v1/";
const NETWORK = `projects/${PROJECT_ID}/global/networks/net`;

const post = (path: string, body: object) => emulator.call("POST", path, { body });
const makeNetwork = () =>
    post(`${GLOBAL}/networks`, {
        name: "net",
        autoCreateSubnetworks: false,
        routingConfig: { routingMode: "REGIONAL" },
    });
const makeSubnetwork = (name = "sub", ipCidrRange = "10.1.0.0/24") =>
    post(SUBNETWORKS, { name, ipCidrRange, network: NETWORK, privateIpGoogleAccess: true, logConfig: null });

describe("networks", () => {
    it("are made with their subnetworks, and deleted from the inside out", async () => {
        expect((await makeNetwork()).json).toMatchObject({ status: "DONE", targetLink: GOOGLE + NETWORK });
        expect((await makeSubnetwork()).json).toMatchObject({
            region: `${GOOGLE}projects/${PROJECT_ID}/regions/us-central1`,
        });
        const subnetwork = await emulator.call("GET", `${SUBNETWORKS}/sub`);
        expect(subnetwork.json).toMatchObject({
            network: GOOGLE + NETWORK,
            ipCidrRange: "10.1.0.0/24",
            gatewayAddress: "10.1.0.1",
            privateIpGoogleAccess: true,
            fingerprint: expect.any(String),
            stackType: "IPV4_ONLY",
            purpose: "PRIVATE",
        });
        expect((await emulator.call("GET", `${GLOBAL}/networks/net`)).json).toMatchObject({
            autoCreateSubnetworks: false,
            routingConfig: { routingMode: "REGIONAL" },
            subnetworks: [subnetwork.at("selfLink")],
        });
        const used = await emulator.call("DELETE", `${GLOBAL}/networks/net`);
        expect([used.status, used.at("error.errors.0.reason")]).toEqual([400, "resourceInUseByAnotherResource"]);
        await post(INSTANCES, instanceBody("user", { networkInterfaces: [{ subnetwork: subnetwork.at("selfLink") }] }));
        expect((await emulator.call("DELETE", `${SUBNETWORKS}/sub`)).status).toBe(400);
        await emulator.call("DELETE", `${INSTANCES}/user`);
        expect((await emulator.call("DELETE", `${SUBNETWORKS}/sub`)).status).toBe(200);
        expect((await emulator.call("DELETE", `${GLOBAL}/networks/net`)).status).toBe(200);
        expect(await emulator.inventory()).toEqual([]);
    });

    it("of auto mode have a subnetwork of their own name in each region", async () => {
        await post(`${GLOBAL}/networks`, { name: "auto", autoCreateSubnetworks: true });
        expect((await emulator.call("GET", `${SUBNETWORKS}/auto`)).at("network")).toMatch(/networks\/auto$/);
        const interfaces = [{ network: "global/networks/auto" }];
        expect((await post(INSTANCES, instanceBody("auto-user", { networkInterfaces: interfaces }))).status).toBe(200);
    });

    it("can be changed where Google Cloud lets them", async () => {
        await makeNetwork();
        await makeSubnetwork();
        await emulator.call("PATCH", `${GLOBAL}/networks/net`, { body: { routingConfig: { routingMode: "GLOBAL" } } });
        expect((await emulator.call("GET", `${GLOBAL}/networks/net`)).at("routingConfig.routingMode")).toBe("GLOBAL");
        await post(`${SUBNETWORKS}/sub/setPrivateIpGoogleAccess`, { privateIpGoogleAccess: false });
        expect((await emulator.call("GET", `${SUBNETWORKS}/sub`)).at("privateIpGoogleAccess")).toBe(false);
    });

    it.each([
        ["10.1.0.0/30", 400],
        ["10.1.0.1/24", 400],
        ["10.1.0.128/25", 400],
        ["300.0.0.0/8", 400],
        ["10.2.0.0/24", 200],
    ])("beside 10.1.0.0/24 a subnetwork of %s is answered %d", async (range, status) => {
        await makeNetwork();
        await makeSubnetwork();
        expect((await makeSubnetwork("other", range)).status).toBe(status);
    });

    it("need a subnetwork in an interface, unless they are of auto mode", async () => {
        await makeNetwork();
        const answer = await post(INSTANCES, instanceBody("no-subnet", { networkInterfaces: [{ network: NETWORK }] }));
        expect([answer.status, answer.at("error.message")]).toEqual([400, expect.stringContaining("subnetwork")]);
    });

    it("survive a restart", async () => {
        await makeNetwork();
        await emulator.restart();
        expect((await emulator.call("GET", `${GLOBAL}/networks/net`)).status).toBe(200);
    });
});

describe("firewalls", () => {
    const rule = {
        name: "ssh",
        network: NETWORK,
        direction: "INGRESS",
        priority: 900,
        allowed: [{ IPProtocol: "tcp", ports: ["22"] }],
        sourceRanges: ["35.235.240.0/20"],
        targetServiceAccounts: ["a@b.iam.gserviceaccount.com"],
    };

    it("come back as they were made, with Google's defaults", async () => {
        await makeNetwork();
        await post(`${GLOBAL}/firewalls`, rule);
        expect((await emulator.call("GET", `${GLOBAL}/firewalls/ssh`)).json).toMatchObject({
            ...rule,
            kind: "compute#firewall",
            network: GOOGLE + NETWORK,
            disabled: false,
            logConfig: { enable: false },
        });
        await emulator.call("PATCH", `${GLOBAL}/firewalls/ssh`, { body: { denied: [{ IPProtocol: "all" }] } });
        const patched = await emulator.call("GET", `${GLOBAL}/firewalls/ssh`);
        expect([patched.at("allowed"), patched.at("denied"), patched.at("priority")]).toEqual([
            undefined,
            [{ IPProtocol: "all" }],
            900,
        ]);
        expect((await emulator.call("DELETE", `${GLOBAL}/networks/net`)).status).toBe(400);
        await emulator.call("DELETE", `${GLOBAL}/firewalls/ssh`);
        expect((await emulator.call("DELETE", `${GLOBAL}/networks/net`)).status).toBe(200);
    });

    it("need a network that is there, and one of allowed and denied", async () => {
        expect((await post(`${GLOBAL}/firewalls`, rule)).status).toBe(404);
        await makeNetwork();
        expect((await post(`${GLOBAL}/firewalls`, { ...rule, allowed: undefined })).status).toBe(400);
    });
});
